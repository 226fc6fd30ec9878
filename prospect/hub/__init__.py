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
        "_backup": ["back_up"],
        "_control": ["restart_hub", "start_hub", "stop_hub"],
        "_folder": ["HubFolder"],
        "_people": [
            "Person",
            "add_user",
            "approve_user",
            "list_users",
            "remove_user",
            "set_password",
        ],
        "_preflight": ["check_hub"],
        "_restore": ["restore_backup"],
        "_settings": ["HubSettings", "new_settings", "read_settings"],
        "_status": ["HubStatus", "PartStatus", "hub_status", "read_logs"],
        "_unit": ["hub_unit"],
    },
)
