"""
Samples spread over a grid, with the uncertainty kept.

Variograms, kriging and simulation with moving neighbourhoods, inverse distance, natural
neighbours and minimum curvature; every method is lazy and works block by block.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_cokriging": ["cokrige"],
        "_coregionalize": ["Coregionalization", "fit_coregionalization"],
        "_crossvalidate": ["CrossValidation", "cross_validate"],
        "_fit": ["fit_variogram"],
        "_indicator": ["indicator_krige"],
        "_inverse_distance": ["inverse_distance"],
        "_kriging": ["krige", "krige_points"],
        "_minimum_curvature": ["minimum_curvature"],
        "_models": ["Structure", "VariogramModel"],
        "_natural_neighbour": ["natural_neighbour"],
        "_neighbours": ["Neighbourhood"],
        "_sequential": ["simulate_sequential"],
        "_simulate": ["simulate"],
        "_variogram": ["cross_variogram", "experimental_variogram", "variogram_map"],
    },
)
