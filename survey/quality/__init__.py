"""
Measure well: assays from the laboratory, and whether they can be trusted.

Results are kept one a row, each with its detection limit, method and laboratory batch;
reference materials, blanks and duplicates give a verdict for every batch, with the
reason.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_anova": ["SamplingVariance", "sampling_variance"],
        "_assays": ["read_assays"],
        "_assess": ["assess_quality"],
        "_assessment": ["QualityAssessment"],
        "_blanks": ["check_blanks"],
        "_certified": ["read_certified"],
        "_check": ["check_assays"],
        "_duplicates": ["pair_duplicates"],
        "_join": ["join_assays"],
        "_laboratories": ["compare_laboratories"],
        "_melt": ["melt_samples"],
        "_precision": ["duplicate_precision"],
        "_reference": ["check_reference_materials"],
        "_rules": ["QualityRules", "read_quality_rules"],
        "_spread": ["spread_assays"],
        "_stanley": ["StanleyLawie", "stanley_lawie"],
        "_summary": ["reference_summary"],
        "_thompson": ["ThompsonHowarth", "thompson_howarth"],
        "_units": ["convert_unit"],
    },
)
