"""
Make the synthetic district again.

    python data_samples/make_synthetic_district.py [FOLDER]

Writes into `data_samples/synthetic_district` unless a folder is named. The same code
gives the same values; the story is told in that folder's README.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator import build_district, write_district

HERE = Path(__file__).parent


def main() -> None:
    """Build the district and write its files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "synthetic_district"
    write_district(build_district(), folder)


if __name__ == "__main__":
    main()
