"""
Exploration geochemistry: from assays to rated anomalies.

Compositions and values below detection, background and threshold, fractal models,
catchments of stream sediments, anomalies as polygons with their rating.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_anomalies": ["AnomalyMap", "delineate_anomalies"],
        "_catchments": ["delineate_catchments"],
        "_background": ["background_table"],
        "_combine": ["combine_anomalies"],
        "_element_map": ["map_classes"],
        "_iterate": ["IteratedBackground", "iterate_background"],
        "_mixture": ["Mixture", "threshold_mixture"],
        "_rating": ["rate_anomalies", "read_rating_rules", "record_classes"],
        "_register": ["anomaly_register", "save_register"],
        "_rgnr": ["RGNR_39", "check_rgnr"],
        "_sampling_cells": ["number_samples", "sampling_density"],
        "_thresholds": ["lg_classes"],
    },
)
