"""Generator of the synthetic district, whose README.md tells the story."""

from ._build import build_district
from ._writing import write_district

__all__ = ["build_district", "write_district"]
