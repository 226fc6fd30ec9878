import numpy as np
import pytest

from prospect.geochem.fractal._hazard import segment_bic


def counts_of(breaks, slopes, n, random):
    """Exceedances of n values of a power law in pieces."""
    rest = -np.log(random.random(n))
    u, start, used = np.zeros(n), 0.0, 0.0
    for knot, slope in zip([*np.log(breaks), np.inf], slopes, strict=True):
        end = used + slope * (knot - start)
        inside = (rest >= used) & (rest < end)
        u[inside] = start + (rest[inside] - used) / slope
        start, used = knot, end
    fine = np.linspace(u.min(), u.max(), 253)
    return fine, (n - np.searchsorted(np.sort(u), fine)).astype(float)


@pytest.mark.parametrize(
    ("breaks", "slopes"), [((), (1.5,)), ((20,), (0.8, 3.0)), ((5, 50), (0.5, 1.5, 5))]
)
@pytest.mark.parametrize("n", [2000, 100_000])
def test_the_true_number_of_segments_wins(breaks, slopes, n):
    random = np.random.default_rng(n)
    found = []
    for _ in range(10):
        u, counts = counts_of(breaks, slopes, n, random)
        bic = segment_bic(u, counts, most=4, least=16)
        found.append(min(bic, key=bic.get))
    assert found.count(len(slopes)) >= 9


def test_dependent_cells_are_worth_less():
    random = np.random.default_rng(0)
    u, counts = counts_of((20,), (1.0, 1.4), 3000, random)
    plain = segment_bic(u, counts, most=2, least=16)
    same = segment_bic(u, 25 * counts, most=2, least=16, inflation=25)
    assert plain[2] - plain[1] == pytest.approx(same[2] - same[1])


def test_one_rate_is_deaths_over_exposure():
    u = np.log([1.0, 2, 4])
    counts = np.array([8.0, 4, 2])
    # slope 1 throughout: exposure (4 + 2) ln 2 / ln 2 = 6, losses 6
    assert segment_bic(u, counts, most=1, least=1)[1] == pytest.approx(
        2 * (6 - 6 * np.log(1.0)) + np.log(6)
    )
