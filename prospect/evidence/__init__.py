"""
Evidence: what is known, as layers on one grid.

Each function takes features, samples or a grid and gives a lazy grid; `build_layer`
does for one `[[evidence]]` section of a district file what its treatment says.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_categories": ["categorise", "merge_rare"],
        "_classes": ["classify"],
        "_density": ["density_of"],
        "_distance": ["distance_to"],
        "_focal": ["focal_mean"],
        "_interpolate": ["interpolate"],
        "_layer": ["TREATMENTS", "build_layer"],
        "_terrain": ["terrain"],
    },
)
