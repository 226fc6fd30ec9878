"""
Exploration geochemistry: from assays to rated anomalies.

Compositions and values below detection, background and threshold, fractal models,
catchments of stream sediments, anomalies as polygons with their rating.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={},
)
