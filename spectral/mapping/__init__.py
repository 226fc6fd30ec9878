"""
Mineral mapping: from spectra of a scene to minerals, shares and targets.

Continuum and features, matching, detection, reduction, endmembers, unmixing, and an
expert system that says which mineral, how sure and why.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "detection._anomaly": ["rx"],
        "detection._coherence": ["ace", "amsd", "glrt"],
        "detection._discovery": ["control_false_discovery"],
        "detection._filters": ["cem", "matched_filter", "osp", "tcimf"],
        "detection._mixture": ["mtmf"],
        "detection._probability": ["detection_probability"],
        "detection._thresholds": ["detection_threshold", "target_table"],
        "endmembers._greedy": ["atgp", "smacc"],
        "endmembers._purity": ["ppi", "purity_map"],
        "endmembers._simplex": ["avmax", "n_findr", "sivm"],
        "endmembers._sisal": ["sisal"],
        "endmembers._vca": ["vca"],
        "features._continuum": ["continuum", "remove_continuum"],
        "features._find": ["find_features"],
        "features._fit_features": ["fit_features"],
        "features._parameters": ["band_depth", "feature_parameters"],
        "features._position": ["minimum_wavelength"],
        "features._select": ["BandSelection", "select_bands"],
        "matching._angle": ["modified_angle", "spectral_angle", "spectral_correlation"],
        "matching._best": ["classify_angle", "classify_best"],
        "matching._class_table": ["class_table"],
        "matching._divergence": ["divergence_angle", "spectral_divergence"],
        "matching._mapper": ["SpectralAngleMapper"],
        "minerals._alteration": ["alteration_zones"],
        "minerals._composition": ["chlorite_composition", "white_mica_composition"],
        "minerals._explain": ["explain_spectrum"],
        "minerals._identify": ["identify_minerals"],
        "minerals._products": ["mineral_abundance", "mineral_groups"],
        "minerals._read_rules": ["read_mineral_rules"],
        "minerals._rules": ["MineralRules"],
        "reduction._components": ["MinimumNoiseFraction", "PrincipalComponents"],
        "reduction._crosta": ["feature_oriented_pca"],
        "reduction._dimension": ["SignalDimension", "signal_dimension"],
        "reduction._independent": ["IndependentComponents"],
        "reduction._statistics": ["SceneStatistics", "scene_statistics"],
        "unmixing._choice": ["score_endmembers"],
        "unmixing._estimator": ["LinearUnmixing"],
        "unmixing._mesma": ["mesma"],
        "unmixing._report": ["unmixing_report"],
        "unmixing._shade": ["shade_free"],
        "unmixing._sparse": ["sparse_unmix"],
        "unmixing._uncertainty": ["unmixing_uncertainty"],
        "unmixing._unmix": ["unmix"],
    },
)
