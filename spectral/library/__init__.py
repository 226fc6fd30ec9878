"""Spectral library: reference spectra in, searched by words, spectrum or feature."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_schema": ["RecordProblems", "check_records"],
    },
)
