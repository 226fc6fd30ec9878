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
        "controls._anova": ["SamplingVariance", "sampling_variance"],
        "controls._assess": ["assess_quality"],
        "controls._assessment": ["QualityAssessment"],
        "controls._blanks": ["check_blanks"],
        "controls._duplicates": ["pair_duplicates"],
        "controls._laboratories": ["compare_laboratories"],
        "controls._precision": ["duplicate_precision"],
        "controls._reference": ["check_reference_materials"],
        "controls._rules": ["QualityRules", "read_quality_rules"],
        "controls._stanley": ["StanleyLawie", "stanley_lawie"],
        "controls._summary": ["reference_summary"],
        "controls._thompson": ["ThompsonHowarth", "thompson_howarth"],
        "results._assays": ["read_assays"],
        "results._certified": ["read_certified"],
        "results._check": ["check_assays"],
        "results._join": ["join_assays"],
        "results._melt": ["melt_samples"],
        "results._spread": ["spread_assays"],
        "results._units": ["convert_unit"],
    },
)
