"""Evidence from images: minerals and alteration zones as grids from 0 to 1."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_alteration": ["alteration_evidence", "list_zones"],
        "_mineral": ["mineral_evidence"],
    },
)
