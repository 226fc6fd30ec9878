"""
Find: from maps and samples to ranked targets.

The whole chain is `run_district`; its parts are public as well: `stack_evidence`,
`sample_stack`, a model of `prospect.models`, `validate` of `prospect.validation`,
`predict_map`, `delineate_targets` of `prospect.targets`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "compute",
        "evidence",
        "geochem",
        "gridding",
        "hub",
        "imagery",
        "lab",
        "models",
        "notebooks",
        "report",
        "scene",
        "targets",
        "validation",
        "view",
    ],
    submod_attrs={
        "_check": ["check_district"],
        "_district": ["District", "read_district"],
        "_doctor": ["Finding", "diagnose"],
        "_labels": ["Training", "draw_background", "one_per_cell", "sample_stack"],
        "_new": ["new_district"],
        "_predict": ["predict_map"],
        "_registry": ["fetch_data", "list_data", "sample_district"],
        "_run": ["Result", "run_district"],
        "_stack": ["missing_table", "stack_evidence"],
        "job._frame": ["district_geobox"],
    },
)
