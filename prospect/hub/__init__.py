"""
Share: the workbench for many people, a JupyterHub on one machine.

`start_hub` brings up proxy, hub, gateway and pages from one settings file in one
folder; everything the hub knows or makes lies below that folder. This package needs
neither NumPy nor Jupyter: the administrator's environment holds the hub's own
requirements only.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["server"],
    submod_attrs={
        "_folder": ["HubFolder"],
        "_settings": ["HubSettings", "new_settings", "read_settings"],
    },
)
