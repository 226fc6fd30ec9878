"""
See: what images show.

Spectral indices from a table with references; the library, mapping, correction,
fusion, land-cover and change packages stand beside it as they are built.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["indices"])
