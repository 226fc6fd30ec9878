"""
Mineral mapping: from spectra of a scene to minerals, shares and targets.

Continuum and features, matching, detection, reduction, endmembers, unmixing, and an
expert system that says which mineral, how sure and why.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "reduction._statistics": ["SceneStatistics", "scene_statistics"],
    },
)
