"""Arrays of colours as the pictures a page takes."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def address(picture: NDArray[np.uint8]) -> str:
    """Address that holds the picture itself; (rows, columns, 4) as it is on screen."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, format="png")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def stretched(bands: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Red, green, blue, opacity of three bands, from 2nd to 98th percentile each."""
    picture = np.zeros((*bands.shape[1:], 4), np.uint8)
    known = np.isfinite(bands)
    for channel, band in enumerate(bands):
        values = band[known[channel]]
        low, high = np.percentile(values, (2, 98)) if values.size else (0.0, 1.0)
        share = np.nan_to_num((band - low) / max(high - low, 1e-9))
        picture[..., channel] = np.round(255 * np.clip(share, 0, 1))
    picture[..., 3] = np.where(known.all(axis=0), 255, 0)
    return picture
