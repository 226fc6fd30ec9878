"""
Open: what a person sees in the browser, gallery and start page.

The package is a Jupyter server extension too: it shows the curated notebooks as a
gallery at `workbench`, copies them into the person's own folder and says what the
person uses. Nothing of Jupyter is imported before it is asked for, so the hub's own
environment can ask for `lab_environment`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_environment": ["lab_environment"],
        "_extension": [
            "_jupyter_server_extension_points",
            "_load_jupyter_server_extension",
        ],
        "_kernels": ["Kernel", "list_kernels", "new_kernel", "remove_kernel"],
        "_start": ["LabServer", "prepare_lab"],
    },
)
__all__ = [name for name in __all__ if not name.startswith("_")]
