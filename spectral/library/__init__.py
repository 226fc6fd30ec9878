"""Spectral library: reference spectra in, searched by words, spectrum or feature."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_load": ["load_library"],
        "_schema": ["RecordProblems", "check_records"],
        "_sli": ["read_envi_library"],
        "_stack": ["split_spectra", "stack_spectra"],
        "_store": ["SpectralLibrary", "open_library"],
        "_taxonomy": ["find_mineral", "mineral_group", "mineral_table"],
        "importers._read": ["read_spectra"],
    },
)
