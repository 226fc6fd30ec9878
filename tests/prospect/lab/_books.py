"""Small curated notebooks with headers, translations and pictures."""

import json
import struct
import zlib

GOLD = {
    "tasks": ["geochemistry", "anomalies"],
    "minerals": ["gold", "arsenic"],
    "sensors": ["laboratory"],
    "data": ["geochem/gswa_stream_sediment_au"],
    "minutes": 1,
    "memory_gb": 1,
    "language": "en",
}
MICA = {
    "tasks": ["mineral-mapping"],
    "minerals": ["muscovite", "kaolin"],
    "sensors": ["swir", "aviris"],
    "data": ["synthetic_district"],
    "minutes": 2,
    "memory_gb": 1.5,
    "language": "en",
}
BIXI = {
    "tasks": ["geochemistry", "quality"],
    "minerals": ["copper"],
    "sensors": [],
    "data": [],
    "minutes": 1,
    "memory_gb": 1,
    "language": "zh",
}


def notebook(title, summary, header, code="2 + 2"):
    cells = [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": f"# {title}\n\n{summary}",
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": code,
            "outputs": [],
            "execution_count": None,
        },
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "workbench": header},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def picture(path, colour=(150, 110, 60), size=(64, 36)):
    """Write a PNG of one colour."""
    rows = b"".join(b"\0" + bytes(colour) * size[0] for _ in range(size[1]))

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path


def make_books(folder):
    """Fill a folder with four curated notebooks, one from a newer version."""
    anomalies = "Which anomalies deserve a second visit?"
    write(folder / "06_gold.ipynb", notebook("Stream gold", anomalies, GOLD))
    zh = notebook("水系沉积物中的金", "哪些异常值得再查？", GOLD)
    write(folder / "zh" / "06_gold.ipynb", zh)
    picture(folder / "thumbnails" / "06_gold.png")
    write(folder / "07_bixi.ipynb", notebook("区域化探", "先查哪一处异常？", BIXI))
    mapping = "Which minerals does this ground show?"
    write(folder / "12_minerals.ipynb", notebook("Mineral mapping", mapping, MICA))
    newer = notebook("Later", "From the future.", {"format": 99, "language": "en"})
    write(folder / "99_later.ipynb", newer)
    return folder
