"""Models of variograms: a nugget and nested structures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._covariance import Packed, correlate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray

KINDS = ("spherical", "exponential", "gaussian", "matern", "cubic", "linear")
SMOOTHNESS = (0.5, 1.5, 2.5)
# distance in ranges at which a matern correlation has fallen to 0.05
SCALE_32, SCALE_52 = 4.743864518, 5.918649346
# polynomials within the range, the last number is where they end
POLYNOMIALS = {
    "spherical": (1, -1.5, 0, 0.5, 0, 0, 0, 0, 1),
    "cubic": (1, 0, -7, 8.75, 0, -3.5, 0, 0.75, 1),
}
# (1 + a q + b q²) exp(-q) of q = c r + d r²
EXPONENTIALS = {
    "exponential": (0, 0, 3, 0),
    "gaussian": (0, 0, 0, 3),
    0.5: (0, 0, 3, 0),
    1.5: (1, 0, SCALE_32, 0),
    2.5: (1, 1 / 3, SCALE_52, 0),
}


@dataclass(frozen=True)
class Structure:
    """
    One structure of a variogram model.

    Parameters
    ----------
    kind : {"spherical", "exponential", "gaussian", "matern", "cubic", "linear"}
        Shape. "linear" rises for ever.
    sill : float
        Partial sill, squared units of the data; for "linear" what it reaches at
        `range`.
    range : float
        Metres along `azimuth`: where "spherical" and "cubic" reach their sill, and
        where "exponential", "gaussian" and "matern" reach 95 % of it (the practical
        range: three times the scale of an exponential).
    ratio : float, default 1
        Range across `azimuth` as a part of `range`, above 0 and up to 1.
    azimuth : float, default 0
        Direction of the longest range, degrees clockwise from grid north.
    smoothness : {0.5, 1.5, 2.5}, optional
        For "matern" only, which needs it; 0.5 is the exponential.

    Raises
    ------
    ValueError
        If a number is not possible, naming it.

    Examples
    --------
    >>> Structure("spherical", 0.59, 897)
    Structure('spherical', sill=0.59, range=897)
    """

    kind: str
    sill: float
    range: float
    ratio: float = 1.0
    azimuth: float = 0.0
    smoothness: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"kind of a structure must be one of {KINDS}. Got {self.kind!r} "
                "instead."
            )
        for name in ("sill", "range", "ratio", "azimuth"):
            object.__setattr__(self, name, _number(getattr(self, name), name))
        if self.sill < 0:
            raise ValueError(f"sill must not be negative. Got {self.sill!r} instead.")
        if self.range <= 0:
            raise ValueError(f"range must be positive metres. Got {self.range!r}.")
        if not 0 < self.ratio <= 1:
            raise ValueError(
                f"ratio must be above 0 and up to 1 (shorter range over longer). Got "
                f"{self.ratio!r} instead: turn the azimuth by 90 degrees."
            )
        if self.kind == "matern" and self.smoothness not in SMOOTHNESS:
            raise ValueError(
                f"a matern structure needs smoothness, one of {SMOOTHNESS}. Got "
                f"{self.smoothness!r} instead."
            )
        if self.kind != "matern" and self.smoothness is not None:
            raise ValueError(
                f"smoothness belongs to matern, not to {self.kind}: leave it out."
            )

    def __repr__(self) -> str:
        parts = [repr(self.kind), f"sill={self.sill:.6g}", f"range={self.range:.6g}"]
        if self.ratio != 1:
            parts += [f"ratio={self.ratio:.6g}", f"azimuth={self.azimuth:.6g}"]
        if self.smoothness is not None:
            parts.append(f"smoothness={self.smoothness:g}")
        return f"Structure({', '.join(parts)})"

    def shape(self, *, ceiling: float = 1.0) -> NDArray:
        """Numbers of the correlation in machine code; linear falls from `ceiling`."""
        out = np.zeros(9)
        if self.kind == "linear":
            out[[0, 1, -1]] = ceiling, -1, np.inf
        elif self.kind in POLYNOMIALS:
            out[:] = POLYNOMIALS[self.kind]
        else:
            out[:4] = EXPONENTIALS[self.smoothness or self.kind]
        return out

    def matrix(self) -> tuple[float, float, float, float]:
        """Takes (east, north) in metres to a vector as long as the ranges it spans."""
        sine = math.sin(math.radians(self.azimuth))
        cosine = math.cos(math.radians(self.azimuth))
        along, across = 1 / self.range, 1 / (self.range * self.ratio)
        return along * sine, along * cosine, across * cosine, -across * sine

    def correlation(self, distance: ArrayLike) -> NDArray:
        """One at distance 0, falling to zero; the distance is in ranges."""
        r = np.ascontiguousarray(distance, dtype=float).ravel()
        out = np.zeros(r.size)
        correlate(self.shape(), r, np.ones(r.size), out)
        return out.reshape(np.shape(distance))


@dataclass(frozen=True)
class VariogramModel:
    """
    A nugget and nested structures.

    Parameters
    ----------
    nugget : float, default 0
        Semivariance of samples that lie arbitrarily close, squared units of the data.
    structures : sequence of Structure or mapping
        Added to the nugget; mappings have the arguments of `Structure`.
    notes : sequence of str
        What was remarkable when the model was fitted.

    Raises
    ------
    ValueError
        If there is neither nugget nor sill, or a number is not possible.

    Examples
    --------
    >>> model = VariogramModel(0.05, [Structure("spherical", 0.59, 897)])
    >>> model
    VariogramModel(0.05, [Structure('spherical', sill=0.59, range=897)])
    >>> model([0, 448.5, 2000]).round(4)
    array([0.    , 0.4556, 0.64  ])
    >>> VariogramModel.from_dict(model.to_dict()) == model
    True
    """

    nugget: float = 0.0
    structures: tuple[Structure, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        parts = ", ".join(repr(each) for each in self.structures)
        return f"VariogramModel({self.nugget:.6g}, [{parts}])"

    def __post_init__(self) -> None:
        object.__setattr__(self, "nugget", _number(self.nugget, "nugget"))
        if self.nugget < 0:
            raise ValueError(
                f"nugget must not be negative. Got {self.nugget!r} instead."
            )
        made = tuple(_structure(each) for each in self.structures)
        object.__setattr__(self, "structures", made)
        object.__setattr__(self, "notes", tuple(self.notes))
        if self.nugget + sum(each.sill for each in made) <= 0:
            raise ValueError(
                "the model has neither nugget nor sill: nothing varies. State a nugget "
                "or a structure with a sill."
            )

    def __call__(self, h: ArrayLike, *, azimuth: float | None = None) -> NDArray:
        """
        Return the semivariance at distances.

        Parameters
        ----------
        h : array-like
            Metres.
        azimuth : float, optional
            Direction of the separation, degrees clockwise from grid north; needed where
            the model is anisotropic.

        Returns
        -------
        ndarray
            Squared units of the data; 0 at distance 0, the nugget just beyond.
        """
        h = np.abs(np.asarray(h, dtype=float))
        out = np.where(h > 0, self.nugget, 0.0)
        for each in self.structures:
            r = h * self._per_metre(each, azimuth)
            out = out + each.sill * (1 - each.correlation(r))
        return out

    def covariance(self, h: ArrayLike, *, azimuth: float | None = None) -> NDArray:
        """
        Return the covariance at distances: the sill less the semivariance.

        Parameters
        ----------
        h : array-like
            Metres.
        azimuth : float, optional
            As for the semivariance.

        Returns
        -------
        ndarray
            Squared units of the data.

        Raises
        ------
        ValueError
            If a structure is linear: it has no sill.
        """
        if not self.is_bounded:
            raise ValueError(
                "a linear structure has no sill, so there is no covariance: use the "
                "semivariance, or a model with a sill."
            )
        return self.sill - self(h, azimuth=azimuth)

    @property
    def sill(self) -> float:
        """Nugget and partial sills together; infinite with a linear structure."""
        if not self.is_bounded:
            return math.inf
        return self.nugget + sum(each.sill for each in self.structures)

    @property
    def range(self) -> float:
        """Longest (practical) range in metres, 0 for a pure nugget."""
        return max((s.range for s in self.structures if s.sill > 0), default=0.0)

    @property
    def is_bounded(self) -> bool:
        """Whether the model has a sill."""
        return all(each.kind != "linear" or not each.sill for each in self.structures)

    @property
    def is_isotropic(self) -> bool:
        """Whether all directions are alike."""
        return all(each.ratio == 1 for each in self.structures)

    def scaled(self, factor: float) -> VariogramModel:
        """
        Return the model with nugget and sills multiplied.

        Parameters
        ----------
        factor : float
            Positive number.

        Returns
        -------
        VariogramModel
        """
        made = [
            each.__dict__ | {"sill": factor * each.sill} for each in self.structures
        ]
        return VariogramModel(factor * self.nugget, tuple(made), self.notes)

    def to_dict(self) -> dict[str, Any]:
        """
        Return plain numbers and words, for a district file or JSON.

        Returns
        -------
        dict
            `nugget` and `structures`; what has its default is left out.
        """
        parts = []
        for each in self.structures:
            part = {"kind": each.kind, "sill": each.sill, "range": each.range}
            if each.ratio != 1:
                part |= {"ratio": each.ratio, "azimuth": each.azimuth}
            if each.smoothness is not None:
                part["smoothness"] = each.smoothness
            parts.append(part)
        return {"nugget": self.nugget, "structures": parts}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> VariogramModel:
        """
        Return the model that `to_dict` has written.

        Parameters
        ----------
        table : mapping
            `nugget` and `structures`.

        Returns
        -------
        VariogramModel

        Raises
        ------
        ValueError
            If it has other entries.
        """
        if strange := sorted(set(table) - {"nugget", "structures"}):
            raise ValueError(
                f"a variogram has the entries nugget and structures. Got {strange} too:"
                " leave them out."
            )
        return cls(table.get("nugget", 0.0), tuple(table.get("structures", ())))

    def pack(self, *, ceiling: float = 1.0) -> Packed:
        """Arrays for machine code; linear structures fall from `ceiling` ranges."""
        return pack_model(
            self.structures,
            np.array([self.nugget, *(s.sill for s in self.structures)])[:, None, None],
            ceiling=ceiling,
        )

    @staticmethod
    def _per_metre(structure: Structure, azimuth: float | None) -> float:
        if structure.ratio == 1:
            return 1 / structure.range
        if azimuth is None:
            raise ValueError(
                "the model is anisotropic: state azimuth=, degrees clockwise from grid "
                f"north ({structure.azimuth:g} for the longest range)."
            )
        a, b, c, d = structure.matrix()
        east = math.sin(math.radians(azimuth))
        north = math.cos(math.radians(azimuth))
        return math.hypot(a * east + b * north, c * east + d * north)


def pack_model(
    structures: Iterable[Structure], sills: NDArray, *, ceiling: float = 1.0
) -> Packed:
    """Arrays for machine code; `sills` (1 + n, variables, variables)."""
    structures = list(structures)
    return Packed(
        np.array([s.shape(ceiling=ceiling) for s in structures]).reshape(-1, 9),
        np.array([each.matrix() for each in structures], dtype=float).reshape(-1, 4),
        np.ascontiguousarray(sills, dtype=float),
    )


def search_metric(structures: Iterable[Structure]) -> NDArray:
    """
    Return the matrix that takes metres to the search's metres.

    Along the longest direction of the structure with the largest sill they are the
    same; across it they are longer, as the range there is shorter.
    """
    strong = max(structures, key=lambda each: each.sill, default=None)
    if strong is None or strong.ratio == 1:
        return np.array([1.0, 0.0, 0.0, 1.0])
    return strong.range * np.array(strong.matrix())


def _structure(given: Structure | Mapping[str, Any]) -> Structure:
    if isinstance(given, Structure):
        return given
    try:
        return Structure(**given)
    except TypeError as error:
        raise ValueError(
            f"a structure has kind, sill, range and, if need be, ratio, azimuth, "
            f"smoothness. Got {given!r} instead."
        ) from error


def _number(value: Any, name: str) -> float:  # noqa: ANN401
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number. Got {value!r} instead.")
    return number
