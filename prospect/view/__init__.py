"""Look closely: maps, plots and scenes one can click, beside their still pictures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_cube": ["view_cube"],
        "_linked": ["view_linked"],
        "_map": ["view_map"],
        "_scene": ["SceneView", "view_scene"],
    },
)
