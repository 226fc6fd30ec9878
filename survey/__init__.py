"""
Measure: what people and instruments record on the ground.

Reads points, tables, vectors and grids into the ordinary nouns of the field
(GeoDataFrame, DataArray), with coordinate systems, units and limits of detection
made explicit, and writes them back atomically.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["quality"],
    submod_attrs={
        "_atomic": ["atomic_path", "write_bytes", "write_text"],
        "_blocks": ["map_windows"],
        "_checks": ["check_columns", "check_projected", "check_same_grid"],
        "_coordinates": ["check_coordinates"],
        "_crs": ["resolve_crs", "same_crs"],
        "_features": ["read_features", "save_features"],
        "_formulas": ["atoms_in", "molar_mass"],
        "_geobox": ["geobox_of", "make_geobox"],
        "_grids": ["open_grid", "save_grid", "save_grids"],
        "_match": ["match_grid"],
        "_problems": ["DataProblems", "Problem"],
        "_samples": ["read_samples"],
        "_tableout": ["save_table"],
    },
)
