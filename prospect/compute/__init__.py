"""Scale: the machines that compute, one line away from a notebook."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_connect": ["connect"],
        "_gateway": ["stop_clusters"],
        "_info": ["Compute"],
    },
)
