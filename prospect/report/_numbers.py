"""Numbers as people read them."""

from __future__ import annotations

import math

DASH = "–"


def number(value: object, *, digits: int = 3) -> str:
    """
    A number with `digits` significant digits and thousands apart; a dash for none.

    Examples
    --------
    >>> [number(v) for v in (0.81234, 31234.5, 12.0, 0.00001234, None, float("nan"))]
    ['0.812', '31,234', '12', '1.23e-05', '–', '–']
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return DASH if value is None else str(value)
    if not math.isfinite(value):
        return DASH
    if isinstance(value, int) or abs(value) >= 10.0 ** (digits - 1):
        return f"{value:,.0f}".replace("-", "−")
    text = f"{value:.{digits}g}".replace("-", "−")
    return text if "e" not in text else f"{value:.{digits}g}"


def percent(share: object, *, digits: int = 3) -> str:
    """
    A share as a percentage without the sign.

    Examples
    --------
    >>> percent(0.0123), percent(None), percent(1)
    ('1.23', '–', '100')
    """
    if isinstance(share, (int, float)) and math.isfinite(share):
        return number(100 * float(share), digits=digits)
    return DASH


def score(value: object) -> str:
    """
    A score with three decimals; a dash for none.

    Examples
    --------
    >>> score(0.72), score(None)
    ('0.720', '–')
    """
    if isinstance(value, (int, float)) and math.isfinite(value):
        return f"{value:.3f}".replace("-", "−")
    return DASH


def code(value: object) -> str:
    """
    A class as it is written in the data, without thousands apart.

    Examples
    --------
    >>> code(74232.0), code("schist")
    ('74232', 'schist')
    """
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else DASH
    return DASH if value is None else str(value)


def size(n_bytes: object) -> str:
    """
    A file's size.

    Examples
    --------
    >>> size(999), size(2_470_000)
    ('999 B', '2.5 MB')
    """
    if not isinstance(n_bytes, (int, float)):
        return DASH
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
