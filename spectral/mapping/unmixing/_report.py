"""What the shares of an unmixing can be trusted with, in numbers and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ._endmembers import condition_of
from ._unmix import STATES

if TYPE_CHECKING:
    import xarray as xr

QUANTILES = (0.05, 0.5, 0.95, 0.99)
EDGES = np.geomspace(1e-12, 1e4, 6401)
NEAR = 3.0  # degrees between spectra that noise and texture of a scene blur
MANY = 50.0  # condition number from which noise shows in the shares


class Counts(NamedTuple):
    """Sums over pixels; two of them add up."""

    pixels: int
    missing: int
    states: np.ndarray
    outside: int
    limited: np.ndarray
    total: np.ndarray
    histogram: np.ndarray
    extremes: np.ndarray


def unmixing_report(result: xr.Dataset) -> pd.DataFrame:
    """
    Residuals, constraints at work and the endmembers' likeness, in numbers and words.

    Parameters
    ----------
    result : Dataset
        Of `unmix`. A lazy one is computed, block by block.

    Returns
    -------
    DataFrame
        Columns: `what`, `endmember`, `other`, `value`, `units`, `said`. What: pixels,
        missing, zero, negative, unfinished; residual_05 to residual_99 and
        residual_max, in reflectance, quantiles to 0.3 %; outside: share of pixels that
        no constraint would leave as they are; a row an endmember for at_zero or
        below_zero (share of pixels in which the constraint holds it at zero, or in
        which it is below zero without), mean share, and noise_gain: what an
        independent error of 1 in every band does to its share without constraints;
        condition: the condition number; and a row for each pair of
        endmembers nearer than 3 degrees.

    Raises
    ------
    ValueError
        If this is no result of `unmix`.

    Examples
    --------
    >>> import xarray as xr
    >>> from spectral.mapping import unmix
    >>> pure = xr.DataArray(
    ...     [[0.1, 0.2, 0.6], [0.5, 0.4, 0.2]],
    ...     {"spectrum": ["leaf", "clay"], "wavelength": [500.0, 600.0, 700.0]},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> pixels = (pure[0] + (pure[1] - pure[0]) * xr.DataArray([0.5, 1.2], dims="x"))
    >>> report = unmixing_report(unmix(pixels.drop_vars("spectrum"), pure))
    >>> print(report.loc[report["what"] == "outside", "said"].item())
    1 of 2 pixels (50 %) lie outside the endmembers: a constraint holds a share at zero.
    """
    lacking = {"abundance", "residual", "pixel_state", "spectra"} - set(result)
    if lacking:
        raise ValueError(
            f"the report needs {sorted(lacking)}: give the whole result of unmix"
        )
    counts = _counted(result)
    bound = "n_negative" not in result
    names = [str(name) for name in result["endmember"].to_numpy()]
    rows = [
        *_pixels(counts),
        *_residuals(counts),
        *_constraints(counts, names, bound),
        *_likeness(result, names),
    ]
    columns = ["what", "endmember", "other", "value", "units", "said"]
    return pd.DataFrame(rows, columns=columns)


def _row(
    what: str, value: float, said: str, *, units: str = "1", of: tuple[str, ...] = ()
) -> dict[str, Any]:
    names = (*of, "", "")
    return {
        "what": what,
        "endmember": names[0],
        "other": names[1],
        "value": float(value),
        "units": units,
        "said": said,
    }


def _counted(result: xr.Dataset) -> Counts:
    names = ["abundance", "residual", "pixel_state"]
    bound = "n_negative" not in result
    parts = [result[name] for name in names]
    if all(part.chunks is None for part in parts):
        return _count(*(part.to_numpy() for part in parts), bound)
    import dask

    given = result[names].unify_chunks().chunk({"endmember": -1})
    blocks = [given[name].data.to_delayed().ravel() for name in names]
    count = dask.delayed(_count)
    counts = dask.compute(
        *[count(*block, bound) for block in zip(*blocks, strict=True)]
    )
    whole = counts[0]
    for part in counts[1:]:
        whole = _added(whole, part)
    return whole


def _count(
    shares: np.ndarray, residual: np.ndarray, state: np.ndarray, bound: bool
) -> Counts:
    flat = shares.reshape(len(shares), -1)
    there = ~np.isnan(np.ravel(residual))
    flat, left = flat[:, there], np.ravel(residual)[there].astype("float64")
    held = flat == 0 if bound else flat < 0
    ends = [left.min(), left.max()] if left.size else [np.inf, -np.inf]
    return Counts(
        pixels=int(left.size),
        missing=int((~there).sum()),
        states=np.bincount(np.ravel(state)[there].astype(int), minlength=len(STATES)),
        outside=int(held.any(0).sum()),
        limited=held.sum(1),
        total=flat.sum(1, dtype="float64"),
        histogram=np.histogram(np.clip(left, EDGES[0], EDGES[-1]), EDGES)[0],
        extremes=np.array(ends),
    )


def _added(one: Counts, other: Counts) -> Counts:
    both = [a + b for a, b in zip(one, other, strict=True)]
    ends = np.array(
        [
            min(one.extremes[0], other.extremes[0]),
            max(one.extremes[1], other.extremes[1]),
        ]
    )
    return Counts(*both[:-1], extremes=ends)


def _pixels(counts: Counts) -> list[dict[str, Any]]:
    n = counts.pixels
    _, zero, negative, unfinished = counts.states[:4]
    rows = [
        _row("pixels", n, f"{n} pixels unmixed."),
        _row(
            "missing",
            counts.missing,
            f"{counts.missing} pixels left out: a good band is missing.",
        ),
    ]
    for what, count, said in (
        ("zero", zero, "are zero in all bands"),
        ("negative", negative, "have a band below zero"),
        ("unfinished", unfinished, "stopped before the minimum was certain"),
    ):
        rows.append(_row(what, count, f"{count} pixels {said}."))
    return rows


def _residuals(counts: Counts) -> list[dict[str, Any]]:
    rows = []
    for share in QUANTILES:
        value = _quantile(counts, share)
        said = (
            f"{100 * share:g} % of the pixels have a residual of at most {value:.2g}."
        )
        rows.append(_row(f"residual_{100 * share:02.0f}", value, said))
    worst = counts.extremes[1] if counts.pixels else np.nan
    rows.append(_row("residual_max", worst, f"The largest residual is {worst:.2g}."))
    return rows


def _quantile(counts: Counts, share: float) -> float:
    if not counts.pixels:
        return float("nan")
    below = np.cumsum(counts.histogram)
    wanted = share * counts.pixels
    at = int(np.searchsorted(below, wanted))
    before = below[at - 1] if at else 0
    part = (wanted - before) / counts.histogram[at]
    value = EDGES[at] * (EDGES[at + 1] / EDGES[at]) ** part
    return float(np.clip(value, *counts.extremes))


def _constraints(counts: Counts, names: list[str], bound: bool) -> list[dict[str, Any]]:
    n = max(counts.pixels, 1)
    share = counts.outside / n
    end = (
        "a constraint holds a share at zero"
        if bound
        else "at least one share is below zero"
    )
    said = (
        f"{counts.outside} of {counts.pixels} pixels ({100 * share:.3g} %) lie outside "
        f"the endmembers: {end}."
    )
    rows = [_row("outside", share, said)]
    verb = "held at zero" if bound else "below zero"
    what = "at_zero" if bound else "below_zero"
    for name, held, total in zip(names, counts.limited, counts.total, strict=True):
        text = f"{name} is {verb} in {100 * held / n:.3g} % of the pixels."
        rows.append(_row(what, held / n, text, of=(name,)))
        mean = total / n if counts.pixels else np.nan
        text = f"{name} has a mean share of {mean:.2g}."
        rows.append(_row("mean", mean, text, of=(name,)))
    return rows


def _likeness(result: xr.Dataset, names: list[str]) -> list[dict[str, Any]]:
    spectra = np.asarray(result["spectra"].values, float)
    sums = result.attrs.get("method") in ("fcls", "scls")
    condition = condition_of(spectra, sum_to_one=sums)
    judged = (
        "shares are little touched by noise"
        if condition < MANY
        else ("noise is enlarged in the shares of the endmembers that are alike")
    )
    said = f"The condition number of the endmembers is {condition:.3g}: {judged}."
    rows = [_row("condition", condition, said)]
    for name, gain in zip(names, _noise_gain(spectra, sums), strict=True):
        moved = f"{0.01 * gain:.2g}"
        text = f"Noise of 0.01 in every band moves the share of {name} by {moved}."
        rows.append(_row("noise_gain", gain, text, of=(name,)))
    norms = np.linalg.norm(spectra, axis=1)
    for i, one in enumerate(names):
        for j in range(i + 1, len(names)):
            if norms[i] * norms[j] == 0:
                continue
            cosine = spectra[i] @ spectra[j] / (norms[i] * norms[j])
            angle = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
            if angle < NEAR:
                text = (
                    f"{one} and {names[j]} can hardly be told apart: {angle:.2g} "
                    "degrees between them."
                )
                rows.append(_row("pair", angle, text, units="°", of=(one, names[j])))
    return rows


def _noise_gain(spectra: np.ndarray, sums: bool) -> np.ndarray:
    """Standard deviation of each share for independent noise of 1 in every band."""
    q = len(spectra)
    if not sums:
        return np.sqrt(np.diag(np.linalg.pinv(spectra @ spectra.T, hermitian=True)))
    if q == 1:
        return np.zeros(1)
    centred = spectra - spectra.mean(0)
    inverse = np.linalg.pinv(centred @ centred.T, hermitian=True)
    return np.sqrt(np.maximum(np.diag(inverse), 0))
