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
        "_background": ["background_table"],
        "_balances": ["balance", "ilr", "ilr_inverse"],
        "_basis": ["ilr_basis"],
        "_breaks": ["PowerLaw", "piecewise_power_law"],
        "_catchment_background": ["CatchmentBackground", "catchment_background"],
        "_catchment_grid": ["catchment_grid"],
        "_catchment_rocks": ["catchment_composition"],
        "_catchments": ["delineate_catchments"],
        "_cluster_samples": ["SampleClusters", "cluster_samples"],
        "_clusters": ["AnalyteClusters", "cluster_analytes"],
        "_censored": ["CensoredStatistics", "censored_statistics"],
        "_censored_groups": ["compare_censored"],
        "_censored_table": ["censored_table"],
        "_combine": ["combine_anomalies"],
        "_composition": ["alr", "alr_inverse", "clr", "clr_inverse"],
        "_concentration": [
            "concentration_area",
            "concentration_number",
            "concentration_volume",
        ],
        "_dilution": ["correct_dilution"],
        "_element_map": ["map_classes"],
        "_enrichment": ["enrichment_factor", "reference_composition"],
        "_factors": ["RobustFactors"],
        "_fractal": ["FractalModel"],
        "_multifractal": ["multifractal_spectrum"],
        "_singularity": ["singularity_index"],
        "_singularity_points": ["singularity_points"],
        "_spectrum": ["filter_spectrum", "spectrum_area"],
        "_impute": ["impute_censored", "impute_many"],
        "_indices": ["alteration_index", "list_alteration_indices"],
        "_iterate": ["IteratedBackground", "iterate_background"],
        "_levelling": ["Levelling", "level_campaigns"],
        "_map_anomalies": ["AnomalySurvey", "map_anomalies"],
        "_mixture": ["Mixture", "threshold_mixture"],
        "_outliers": ["outlier_distance"],
        "_pool": ["pool_imputations"],
        "_rating": ["rate_anomalies", "read_rating_rules", "record_classes"],
        "_register": ["anomaly_register"],
        "_residuals": ["GroupResiduals", "residuals_by_group"],
        "_rgnr": ["RGNR_39", "check_rgnr"],
        "_robust": ["RobustPCA"],
        "_sampling_cells": ["number_samples", "sampling_density"],
        "_simplex": ["close", "perturb", "power", "variation_matrix"],
        "_spatial_u": ["spatial_u"],
        "_species": ["convert_analyte"],
        "_tails": ["TailStatistics", "tail_statistics"],
        "_thresholds": ["lg_classes"],
        "_unmix": ["Unmixing", "unmix_catchments"],
    },
)
