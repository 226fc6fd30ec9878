"""
Exploration geochemistry: from assays to rated anomalies.

Compositions and values below detection, background and threshold, fractal models,
catchments of stream sediments, anomalies as polygons with their rating.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "anomalies._anomalies": ["AnomalyMap", "delineate_anomalies"],
        "anomalies._combine": ["combine_anomalies"],
        "anomalies._element_map": ["map_classes"],
        "anomalies._map_anomalies": ["AnomalySurvey", "map_anomalies"],
        "anomalies._rating": ["rate_anomalies", "read_rating_rules", "record_classes"],
        "anomalies._register": ["anomaly_register"],
        "anomalies._rgnr": ["RGNR_39", "check_rgnr"],
        "anomalies._sampling_cells": ["number_samples", "sampling_density"],
        "background._background": ["background_table"],
        "background._iterate": ["IteratedBackground", "iterate_background"],
        "background._levelling": ["Levelling", "level_campaigns"],
        "background._mixture": ["Mixture", "threshold_mixture"],
        "background._residuals": ["GroupResiduals", "residuals_by_group"],
        "background._spatial_u": ["spatial_u"],
        "background._thresholds": ["lg_classes"],
        "catchments._catchment_background": [
            "CatchmentBackground",
            "catchment_background",
        ],
        "catchments._catchment_grid": ["catchment_grid"],
        "catchments._catchment_rocks": ["catchment_composition"],
        "catchments._catchments": ["delineate_catchments"],
        "catchments._dilution": ["correct_dilution"],
        "catchments._unmix": ["Unmixing", "unmix_catchments"],
        "censored._censored": ["CensoredStatistics", "censored_statistics"],
        "censored._censored_groups": ["compare_censored"],
        "censored._censored_table": ["censored_table"],
        "censored._impute": ["impute_censored", "impute_many"],
        "censored._pool": ["pool_imputations"],
        "composition._balances": ["balance", "ilr", "ilr_inverse"],
        "composition._basis": ["ilr_basis"],
        "composition._composition": ["alr", "alr_inverse", "clr", "clr_inverse"],
        "composition._simplex": ["close", "perturb", "power", "variation_matrix"],
        "factors._cluster_samples": ["SampleClusters", "cluster_samples"],
        "factors._clusters": ["AnalyteClusters", "cluster_analytes"],
        "factors._factors": ["RobustFactors"],
        "factors._outliers": ["outlier_distance"],
        "factors._robust": ["RobustPCA"],
        "factors._tails": ["TailStatistics", "tail_statistics"],
        "fractal._breaks": ["PowerLaw", "piecewise_power_law"],
        "fractal._concentration": [
            "concentration_area",
            "concentration_number",
            "concentration_volume",
        ],
        "fractal._fractal": ["FractalModel"],
        "fractal._multifractal": ["multifractal_spectrum"],
        "fractal._singularity": ["singularity_index"],
        "fractal._singularity_points": ["singularity_points"],
        "fractal._spectrum": ["filter_spectrum", "spectrum_area"],
        "rocks._diagrams": [
            "classify_diagram",
            "diagram_positions",
            "list_diagrams",
            "read_diagram",
            "ternary_shares",
        ],
        "rocks._enrichment": [
            "enrichment_factor",
            "normalised_pattern",
            "reference_composition",
        ],
        "rocks._indices": ["alteration_index", "list_alteration_indices"],
        "rocks._species": ["convert_analyte"],
    },
)
