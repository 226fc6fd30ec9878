"""
Models that turn evidence into a probability per unit cell, with its uncertainty.

All are scikit-learn classifiers on a table with a row a cell and a column a layer;
each has `predict_std`, the standard deviation of the probability.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_boosted": ["BoostedEnsemble"],
        "_compiled": ["CompiledForest", "TreeArrays"],
        "_forest": ["ForestClassifier"],
        "_independence": ["IndependenceTest", "conditional_independence_test"],
        "_logistic": ["LogisticClassifier"],
        "_make": ["make_model"],
        "_pipeline": ["EvidencePipeline"],
        "_prior": ["correct_prior"],
        "_save": ["load_model", "save_model"],
        "_table": ["weights_table"],
        "_wofe": ["WeightsOfEvidence"],
    },
)
