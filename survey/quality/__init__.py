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
        "_assess": ["assess_quality"],
        "_assessment": ["QualityAssessment"],
    },
)
