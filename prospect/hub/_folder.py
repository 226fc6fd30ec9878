"""Where everything of one hub lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class HubFolder:
    """
    The folder of one hub: settings, secrets, accounts, homes, shared files, logs.

    Parameters
    ----------
    root : Path
        The folder; made absolute.

    Examples
    --------
    >>> folder = HubFolder(Path("hub"))
    >>> folder.settings.name, folder.database.name
    ('hub.toml', 'jupyterhub.sqlite')
    """

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root).absolute())

    @property
    def settings(self) -> Path:
        """The settings file, edited by the administrator."""
        return self.root / "hub.toml"

    @property
    def secrets(self) -> Path:
        """Secrets, one file each; the folder is 0700, each file 0600."""
        return self.root / "secrets"

    @property
    def state(self) -> Path:
        """What the hub remembers: databases, process numbers, lock; 0700."""
        return self.root / "state"

    @property
    def database(self) -> Path:
        """Accounts, servers and tokens."""
        return self.state / "jupyterhub.sqlite"

    @property
    def logs(self) -> Path:
        """One log a process; 0700."""
        return self.root / "logs"

    @property
    def clusters(self) -> Path:
        """Working folders of running clusters, one each, gone with it."""
        return self.root / "clusters"

    @property
    def users(self) -> Path:
        """Homes, one folder a person."""
        return self.root / "users"

    @property
    def projects(self) -> Path:
        """Shared spaces, one folder a project: its members read and write."""
        return self.root / "projects"

    @property
    def shared(self) -> Path:
        """Read by all, written by the administrator."""
        return self.root / "shared"

    @property
    def data(self) -> Path:
        """Shared data sets; what `fetch_data` looks into first."""
        return self.shared / "data"

    @property
    def notebooks(self) -> Path:
        """The curated notebooks, copied here at every start."""
        return self.shared / "notebooks"

    @property
    def backups(self) -> Path:
        """Archives written by `back_up`; 0700."""
        return self.root / "backups"

    def home(self, name: str) -> Path:
        """Return the home of a person."""
        return self.users / name

    def project(self, name: str) -> Path:
        """Return the shared space of a project."""
        return self.projects / name
