"""How the answers of two sides differ, from what they saved."""

from __future__ import annotations

import numpy as np

RELATIVE = {"statistics", "mnf", "rx", "sid"}  # values have a scale of their own


def compared(task, ours, other):
    """One short phrase; "" where there is nothing to compare."""
    with np.load(ours) as a, np.load(other) as b:
        if task == "n_findr":
            share = volume(a["vertices"]) / volume(b["vertices"])
            return f"volume ours / theirs {share:.4f} on the same part"
        if task == "ppi":
            return shared_purest(a["count"], b["count"])
        said = [phrase(task, name, a[name], b[name]) for name in b.files if name in a]
    return ", ".join(said)


def phrase(task, name, a, b):
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    if a.dtype.kind in "iu":
        return f"{name} same {np.mean(a == b):.3%}"
    apart = np.abs(a - b)
    if task == "mnf" and name == "eigenvalues":
        return f"{name} {np.max(apart / np.abs(b)):.0e}"
    scale = np.nanmax(np.abs(b)) if task in RELATIVE else 1
    gaps = np.isnan(a) != np.isnan(b)
    told = f"{name} {np.nanmax(apart) / scale:.0e}"
    return told + (f" (and {gaps.mean():.2%} NaN in one only)" if gaps.any() else "")


def volume(vertices):
    """Volume of a simplex up to a factor."""
    edges = np.asarray(vertices[1:], "float64") - vertices[0]
    sign, size = np.linalg.slogdet(edges @ edges.T)
    return np.exp(size / 2) if sign > 0 else 0.0


def shared_purest(a, b, count=20):
    both = set(np.argsort(a)[-count:]) & set(np.argsort(b)[-count:])
    return f"{len(both)} of the {count} purest shared on {len(b)} px"
