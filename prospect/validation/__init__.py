"""
Honest validation: spatial folds, null model, independent deposits, curves, leakage.

`validate` scores a model on blocks, on buffered blocks and on random folds beside each
other; the parts it is made of are public as well.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_curves": [
            "PredictionArea",
            "prediction_area",
            "prediction_rate_curve",
            "success_rate_curve",
        ],
        "_folds": ["BlockKFold", "BufferedKFold", "independent_clusters"],
        "_leakage": ["find_leakage"],
        "_validate": ["Validation", "validate"],
        "_variogram": ["Autocorrelation", "autocorrelation_range"],
    },
)
