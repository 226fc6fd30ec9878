"""Targets: ranked polygons cut from a score map, and the evidence behind them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_delineate": ["delineate_targets"],
        "_explain": ["Explanation", "explain_cells", "explain_targets"],
    },
)
