"""Spectral indices and band ratios, from a table with references."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_compute": ["spectral_index"],
        "_formula": ["Formula"],
        "_table": ["list_indices"],
    },
)
