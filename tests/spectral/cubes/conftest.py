"""Files of the tests, written apart from our own writer."""

import numpy as np
import pytest

CODES = {"u1": 1, "i2": 2, "i4": 3, "f4": 4, "f8": 5, "u2": 12, "u4": 13, "i8": 14,
         "u8": 15}  # fmt: skip
AXES = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}
WAVES = (450.0, 550.0, 650.0, 850.0, 1600.0)


def envi_file(folder, values, *, interleave="bil", stored="<f4", start=0, **entries):
    """Data and header of (band, y, x) values; entries=None leaves a key out."""
    bands, lines, samples = values.shape
    data = folder / "scene.img"
    laid = values.transpose(AXES[interleave]).astype(stored)
    data.write_bytes(b"\0" * start + laid.tobytes())
    told = {
        "samples": samples,
        "lines": lines,
        "bands": bands,
        "header offset": start,
        "data type": CODES[np.dtype(stored).str[1:]],
        "interleave": interleave,
        "byte order": int(np.dtype(stored).str[0] == ">"),
        "wavelength units": "Nanometers",
        "wavelength": "{" + ", ".join(map(str, WAVES[:bands])) + "}",
    } | {key.replace("_", " "): value for key, value in entries.items()}
    lines = [f"{key} = {value}" for key, value in told.items() if value is not None]
    data.with_suffix(".hdr").write_text("\n".join(["ENVI", *lines]), encoding="utf-8")
    return data


@pytest.fixture(scope="session")
def write_envi():
    return envi_file
