"""
Projects for their members, profiles for their groups: a part of the hub's settings.

Helm puts this file into the hub (`--set-file hub.extraConfig.workbench=...`), where `c`
is the hub's configuration. A person in the JupyterHub group `project-bixi` finds the
project at /srv/workbench/projects/bixi, everybody else does not have it.
"""

import re
from typing import Any

PREFIX = "project-"
MOUNT_POINT = "/srv/workbench/projects"
VOLUME = "projects"


def projects_of(groups: list[str]) -> list[str]:
    """Return the projects that groups give access to; odd names are passed over."""
    names = [name.removeprefix(PREFIX) for name in groups if name.startswith(PREFIX)]
    return sorted(name for name in names if re.fullmatch(r"[a-z0-9][a-z0-9-]*", name))


def groups_of(spawner: Any) -> list[str]:  # noqa: ANN401
    """Return the names of the groups of the person whose server is started."""
    return [group.name for group in spawner.user.groups]


def mount_projects(spawner: Any, pod: Any) -> Any:  # noqa: ANN401
    """Add the folders of the person's projects to the pod of the server."""
    container = pod.spec.containers[0]
    mounts = [
        {
            "name": VOLUME,
            "mountPath": f"{MOUNT_POINT}/{name}",
            "subPath": f"projects/{name}",
        }
        for name in projects_of(groups_of(spawner))
    ]
    container.volume_mounts = [*(container.volume_mounts or []), *mounts]
    return pod


def choose_profiles(profiles: list[dict[str, Any]], groups: list[str]) -> list[dict]:
    """Return the profiles that a person of these groups may start."""
    return [
        {key: value for key, value in profile.items() if key != "workbench_groups"}
        for profile in profiles
        if "workbench_groups" not in profile
        or set(profile["workbench_groups"]) & set(groups)
    ]


def profiles_for_groups(profiles: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    """Return the function that KubeSpawner asks for the profiles of a person."""

    def profiles_of(spawner: Any) -> list[dict]:  # noqa: ANN401
        return choose_profiles(profiles, groups_of(spawner))

    return profiles_of


hub = c  # noqa: F821
hub.KubeSpawner.modify_pod_hook = mount_projects
hub.KubeSpawner.profile_list = profiles_for_groups(list(hub.KubeSpawner.profile_list))
hub.Authenticator.enable_auth_state = True
