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
        "_assays": ["read_assays"],
        "_assess": ["assess_quality"],
        "_assessment": ["QualityAssessment"],
        "_certified": ["read_certified"],
        "_check": ["check_assays"],
        "_join": ["join_assays"],
        "_melt": ["melt_samples"],
        "_spread": ["spread_assays"],
        "_units": ["convert_unit"],
    },
)
