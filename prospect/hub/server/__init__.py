"""What runs inside the hub's own processes; imported by JupyterHub, not by users."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"_config": ["configure"]}
)
