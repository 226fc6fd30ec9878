"""
See: what images show.

Cubes in and out, sensors, the spectral library, mineral mapping, spectral indices;
correction, fusion, land cover and change stand beside them as they are built.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["indices", "library", "mapping"],
    submod_attrs={
        "_check": ["check_cube"],
        "cubes._open": ["open_cube", "open_product"],
        "cubes._quick": ["quick_bands"],
        "cubes._regions": ["mean_spectra"],
        "cubes._report": ["cube_report"],
        "cubes._save": ["save_cube"],
        "sensors._resample": ["resample", "resample_covariance"],
        "sensors._responses": ["read_responses"],
        "sensors._table": ["list_sensors", "sensor_bands"],
    },
)
