"""Resampling: integrals worked by hand, laws, gaps, uncertainty, messages."""

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from spectral import list_sensors, resample, resample_covariance, sensor_bands

GRID = np.arange(400.0, 2501.0)


def spectrum(values, wavelength=GRID, **coords):
    along = {name: ("wavelength", value) for name, value in coords.items()}
    return xr.DataArray(
        np.asarray(values, float),
        dims="wavelength",
        coords={"wavelength": wavelength} | along,
        name="sample",
    )


def made_library(count=4, *, wavelength=GRID, seed=3):
    rng = np.random.default_rng(seed)
    values = np.cumsum(rng.normal(0, 0.01, (count, wavelength.size)), axis=1) + 0.5
    return xr.DataArray(
        values,
        dims=("spectrum", "wavelength"),
        coords={
            "spectrum": [f"s{i}" for i in range(count)],
            "wavelength": wavelength,
            "fwhm": ("wavelength", np.ones(wavelength.size)),
            "mineral": ("spectrum", ["mica"] * count),
        },
        name="library",
        attrs={"units": "1", "quantity": "reflectance"},
    )


def test_gaussian_of_a_parabola_worked_by_hand():
    # mean of (x - 1500)^2 under a Gaussian at 1520: 20^2 + sigma^2
    source = spectrum((GRID - 1500) ** 2, fwhm=np.full(GRID.size, 1e-6))
    found = resample(source, wavelength=[1520.0], fwhm=[2.3548200450309493 * 10])
    assert found.item() == pytest.approx(400 + 100, rel=1e-6)


def test_width_already_in_the_source_is_subtracted():
    # a feature blurred by 6 nm, brought to 10 nm, is the feature blurred by 10 nm
    def feature(fwhm):
        sigma = np.sqrt(30.0**2 + fwhm**2) / 2.3548200450309493
        return 1 - 8 / sigma * np.exp(-0.5 * ((GRID - 2200) / sigma) ** 2)

    source = spectrum(feature(6.0), fwhm=np.full(GRID.size, 6.0))
    centre = np.arange(2100.0, 2300.0, 10)
    found = resample(source, wavelength=centre, fwhm=10.0)
    expected = np.interp(centre, GRID, feature(10.0))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    plain = resample(source.drop_vars("fwhm"), wavelength=centre, fwhm=10.0)
    assert abs(plain - expected).max() > 5 * abs(found - expected).max()
    assert "spacing of their channels was taken" in plain.attrs["notes"][0]


def test_box_bands_of_a_multispectral_sensor():
    table = sensor_bands("sentinel2a").set_index("band")
    source = spectrum(np.sin(GRID / 50) + 2, fwhm=np.full(GRID.size, 1e-6))
    found = resample(source, sensor="sentinel2a").swap_dims(wavelength="band")
    for band, (centre, width) in table.iterrows():
        low, high = centre - width / 2, centre + width / 2
        exact = quad(lambda x: np.sin(x / 50) + 2, low, high)[0] / width
        assert found.sel(band=band).item() == pytest.approx(exact, rel=1e-4)


def test_measured_curve_is_integrated_exactly():
    curve = xr.DataArray(
        [[0.0, 1.0, 0.5, 0.0]],
        dims=("band", "wavelength"),
        coords={"band": ["odd"], "wavelength": [680.0, 690.0, 700.0, 720.0]},
    )
    source = spectrum(GRID**2)
    x = np.linspace(680, 720, 200_001)
    response = np.interp(x, curve["wavelength"], curve[0])
    values = np.interp(x, GRID, source)
    exact = np.trapezoid(response * values, x) / np.trapezoid(response, x)
    found = resample(source, responses=curve)
    assert found.item() == pytest.approx(exact, rel=1e-9)
    assert found["band"].values == ["odd"]
    assert found["wavelength"].item() == pytest.approx(695.714, abs=1e-3)
    assert found["fwhm"].item() == pytest.approx(15.0)


@settings(max_examples=25, deadline=None)
@given(
    centre=st.floats(450, 2450),
    width=st.floats(0.5, 80),
    level=st.floats(0.01, 1),
    step=st.sampled_from([1.0, 7.0, 10.0]),
)
def test_constant_stays_and_a_slope_gives_the_centre(centre, width, level, step):
    grid = np.arange(300.0, 2601.0, step)
    target = {"wavelength": [centre], "fwhm": [width]}
    constant = resample(spectrum(np.full(grid.size, level), grid), **target)
    assert constant.item() == pytest.approx(level, rel=1e-9)
    slope = resample(spectrum(grid, grid), **target)
    assert slope.item() == pytest.approx(centre, abs=1e-3)


def test_on_its_own_bands_nothing_changes():
    library = made_library(wavelength=np.arange(400.0, 2400.0, 10))
    for source in (library, library.drop_vars("fwhm")):
        found = resample(source, like=source)
        np.testing.assert_allclose(found, source, rtol=1e-12)
        assert (found["coverage"] == 1).all()


def test_library_keeps_its_coordinates_and_is_unchanged():
    library = made_library()
    before = library.copy(deep=True)
    found = resample(library, wavelength=[500, 2200], fwhm=10)
    xr.testing.assert_identical(library, before)
    assert found.dims == ("spectrum", "wavelength")
    assert list(found["spectrum"].values) == ["s0", "s1", "s2", "s3"]
    assert list(found["mineral"].values) == ["mica"] * 4
    assert found.name == "library"
    assert found.attrs["quantity"] == "reflectance"
    one = resample(library[2], wavelength=[500, 2200], fwhm=10)
    np.testing.assert_allclose(one, found[2], rtol=1e-12)
    assert one.dims == ("wavelength",)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cube_in_chunks_equals_in_memory_and_equals_a_library(dtype):
    library = made_library(30).astype(dtype)
    cube = xr.DataArray(
        library.values.T.reshape(GRID.size, 5, 6),
        dims=("wavelength", "y", "x"),
        coords={"wavelength": GRID, "y": np.arange(5.0), "x": np.arange(6.0)},
    ).assign_coords(fwhm=library["fwhm"])
    cube = cube.assign_coords(spatial_ref=0)
    cube[700, 2, 3] = np.nan
    cube[:, 4, 4] = np.nan
    whole = resample(cube, sensor="aster", min_coverage=0.95)
    assert whole.dims == ("wavelength", "y", "x")
    assert whole.dtype == dtype
    assert "spatial_ref" in whole.coords
    for chunks in ({"y": 2, "x": 3}, {"wavelength": 100, "y": 5}):
        lazy = resample(cube.chunk(chunks), sensor="aster", min_coverage=0.95)
        assert isinstance(lazy.data, dask.array.Array)
        np.testing.assert_allclose(lazy, whole, rtol=1e-6)
    flat = resample(library, sensor="aster")
    keep = ~np.isnan(whole.values[0])
    np.testing.assert_allclose(
        whole.values[0][keep], flat.values[:, 0].reshape(5, 6)[keep], rtol=1e-6
    )
    assert np.isnan(whole[:, 4, 4]).all()
    # 1100 nm is in no band of ASTER: the pixel keeps all
    assert whole[:9, 2, 3].notnull().all()


def test_thermal_bands_beyond_the_source_are_marked_bad():
    found = resample(made_library(), sensor="aster")
    bad = found["bad_bands"].values
    assert list(found["band"].values[bad]) == ["B10", "B11", "B12", "B13", "B14"]
    assert found[:, bad].isnull().all()
    assert found[:, ~bad].notnull().all()
    assert "5 of 14 bands have less than 90%" in found.attrs["notes"][-1]
    assert "B10 (8282 nm)" in found.attrs["notes"][-1]


def test_attrs_name_the_sensor_of_the_target():
    library = made_library().assign_attrs(sensor="emit")
    aster = resample(library, sensor="Terra ASTER")
    assert aster.attrs["sensor"] == "aster"
    assert resample(library, like=aster[:, :9]).attrs["sensor"] == "aster"
    assert "sensor" not in resample(library, wavelength=[500.0], fwhm=10.0).attrs


def test_gaps_are_left_out_and_told():
    library = made_library()
    library[1, 100:103] = np.nan  # 500 to 502 nm
    library[2] = 0.3
    library[2, 90:104] = np.nan
    target = {"wavelength": [500.0, 510.0, 800.0], "fwhm": [20.0, 20.0, 20.0]}
    found = resample(library, min_coverage=0.6, **target)
    assert found["coverage"].dims == ("spectrum", "wavelength")
    whole = resample(library[[0, 3]], **target)
    assert whole["coverage"].dims == ("wavelength",)
    np.testing.assert_allclose(found.isel(spectrum=[0, 3]), whole, rtol=1e-12)
    assert 0.8 < found["coverage"][1, 0] < 0.9
    assert np.isnan(found[2, 0])
    assert found[2, 1:].values == pytest.approx([0.3, 0.3])
    told = found.attrs["notes"][-1]
    assert told.startswith("1 values of 1 spectra are NaN")
    # renormalised: by hand, over the channels that are there
    weight = np.exp(-4 * np.log(2) * ((GRID - 500) / 20) ** 2)
    weight[100:103] = 0
    expected = (weight * library[1].fillna(0)).sum() / weight.sum()
    assert found[1, 0].item() == pytest.approx(float(expected), rel=1e-3)


def test_bad_bands_of_the_source_are_not_used():
    bad = (GRID >= 1350) & (GRID <= 1450)
    values = np.where(bad, 99.0, 0.4)
    source = spectrum(values, bad_bands=bad)
    found = resample(source, wavelength=[1300, 1400, 1500], fwhm=30)
    np.testing.assert_allclose(found, [0.4, np.nan, 0.4])
    assert list(found["bad_bands"].values) == [False, True, False]
    assert any("101 bad bands were not used" in note for note in found.attrs["notes"])


def test_bad_channels_of_an_overlapping_detector_leave_no_hole():
    first, second = np.arange(400.0, 1030.0, 6), np.arange(943.3, 2500.0, 10)
    grid = np.sort(np.concatenate([first, second]))
    bad = np.isin(grid, second) & (grid < 1028)
    source = spectrum(np.where(bad, 99.0, grid / 1000), grid, bad_bands=bad)
    found = resample(source, wavelength=[940, 1000, 1100], fwhm=20)
    np.testing.assert_allclose(found, [0.94, 1.0, 1.1], rtol=1e-6)
    np.testing.assert_allclose(found["coverage"], 1, rtol=1e-5)
    # one bad channel in a row of good ones does leave one
    lone = spectrum(first / 1000, first, bad_bands=first == first[50])
    found = resample(lone, wavelength=[500, first[50]], fwhm=8)
    np.testing.assert_allclose(found, [0.5, np.nan])


def test_holes_in_the_wavelengths_are_not_bridged():
    keep = (GRID < 1350) | (GRID > 1450)
    source = spectrum(np.full(keep.sum(), 0.4), GRID[keep])
    found = resample(source, wavelength=[1300, 1400, 1500], fwhm=30)
    np.testing.assert_allclose(found, [0.4, np.nan, 0.4])
    assert any("1 holes, not bridged: 1349-1451 nm" in n for n in found.attrs["notes"])


def test_coarser_source_is_interpolated_and_said():
    coarse = np.arange(400.0, 2501.0, 20)
    source = spectrum(coarse / 1000, coarse, fwhm=np.full(coarse.size, 20.0))
    found = resample(source, wavelength=[505.0, 1003.0], fwhm=[8.0, 8.0])
    np.testing.assert_allclose(found, [0.505, 1.003])
    np.testing.assert_allclose(found["fwhm"], 20.0)
    assert "coarser than 2 of 2 bands" in found.attrs["notes"][-1]


def test_target_like_another_keeps_its_names_and_bad_bands():
    like = xr.DataArray(
        np.zeros((3, 1, 1)),
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": [500.0, 600.0, 700.0],
            "band": ("wavelength", ["a", "b", "c"]),
            "bad_bands": ("wavelength", [False, True, False]),
        },
    )
    found = resample(made_library(), like=like)
    assert list(found["band"].values) == ["a", "b", "c"]
    assert list(found["bad_bands"].values) == [False, True, False]
    assert "the target states no fwhm: the spacing" in found.attrs["notes"][0]
    np.testing.assert_array_equal(found["fwhm"], 100.0)


def test_uncertainty_of_independent_channels():
    library = made_library(2)
    error = np.full(library.shape, 0.02)
    error[1, :200] = np.nan
    library = library.assign_coords(uncertainty=(library.dims, error))
    target = {"wavelength": [500.0, 1500.0], "fwhm": [30.0, 30.0]}
    found = resample(library, **target)["uncertainty"]
    assert found.dims == library.dims
    # a Gaussian of many channels: sum of w^2 = step / (2 sigma sqrt(pi))
    sigma = np.sqrt(30**2 - 1) / 2.3548200450309493
    expected = 0.02 * np.sqrt(1 / (2 * sigma * np.sqrt(np.pi)))
    assert found[0, 0].item() == pytest.approx(expected, rel=1e-3)
    assert np.isnan(found[1, 0])
    assert found[1, 1].item() == pytest.approx(expected, rel=1e-3)
    rng = np.random.default_rng(0)
    many = xr.DataArray(
        library[0].values + rng.normal(0, 0.02, (2000, GRID.size)),
        dims=("spectrum", "wavelength"),
        coords={"wavelength": GRID, "fwhm": library["fwhm"]},
    )
    spread = resample(many, **target).std("spectrum")
    np.testing.assert_allclose(spread, expected, rtol=0.06)


def test_covariance_agrees_with_uncertainty_and_knows_correlation():
    library = made_library(1)
    target = {"wavelength": [500.0, 505.0, 1500.0], "fwhm": [30.0, 30.0, 30.0]}
    error = np.linspace(0.01, 0.03, GRID.size)
    given = library.assign_coords(uncertainty=(library.dims, error[None]))
    alone = resample(given, **target)["uncertainty"][0]
    free = resample_covariance(np.diag(error**2), library, **target)
    np.testing.assert_allclose(np.sqrt(np.diag(free)), alone, rtol=1e-6)
    assert free[0, 1] > 0.9 * free[0, 0]
    assert abs(free[0, 2]) < 1e-9
    shared = resample_covariance(np.full((GRID.size,) * 2, 0.04), library, **target)
    np.testing.assert_allclose(shared, 0.04, rtol=1e-6)
    beyond = resample_covariance(
        np.eye(GRID.size), library, wavelength=[500, 2800], fwhm=10
    )
    assert np.isnan(beyond[1]).all()
    with pytest.raises(ValueError, match=r"shape \(2, 2\); the spectra have 2101"):
        resample_covariance(np.eye(2), library, **target)


def test_lazy_library_stays_lazy():
    library = made_library()
    library[1, 95:106] = np.nan
    error = library.copy(data=np.full(library.shape, 0.02)).drop_vars("mineral")
    whole = library.assign_coords(uncertainty=(library.dims, error.values))
    lazy = library.chunk(spectrum=2).assign_coords(
        uncertainty=(library.dims, dask.array.from_array(error.values, chunks=(2, -1)))
    )
    target = {"wavelength": [500.0, 510.0], "fwhm": 12.0}
    one, other = resample(lazy, **target), resample(whole, **target)
    for part in (one, one["coverage"], one["uncertainty"]):
        assert isinstance(part.data, dask.array.Array)
    np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(one["coverage"], other["coverage"])
    np.testing.assert_allclose(one["uncertainty"], other["uncertainty"])


def test_errors():
    library = made_library()
    with pytest.raises(ValueError, match=r"state one target.*none is given"):
        resample(library)
    with pytest.raises(ValueError, match="got like, sensor"):
        resample(library, like=library, sensor="emit")
    with pytest.raises(ValueError, match=r"no sensor 'sentinel_2d'.*'sentinel2a'"):
        resample(library, sensor="sentinel_2d")
    with pytest.raises(ValueError, match="the 2 wavelengths have no fwhm"):
        resample(library, wavelength=[500, 600])
    with pytest.raises(ValueError, match="fwhm has 3 values for 2 wavelengths"):
        resample(library, wavelength=[500, 600], fwhm=[1, 2, 3])
    with pytest.raises(ValueError, match="fwhm= goes with wavelength="):
        resample(library, sensor="emit", fwhm=10)
    with pytest.raises(ValueError, match="do not ascend"):
        resample(library, wavelength=[600, 500], fwhm=10)
    with pytest.raises(ValueError, match="fwhm must be above zero"):
        resample(library, wavelength=[500, 600], fwhm=[10, 0])
    reach = "from 400 to 2500 nm, the 2 bands from 8000 to 9000 nm: they do not overlap"
    with pytest.raises(ValueError, match=reach):
        resample(library, wavelength=[8000, 9000], fwhm=100)
    with pytest.raises(ValueError, match=r"the best has \d+.*lower min_coverage="):
        resample(library, wavelength=[396.0], fwhm=20)
    with pytest.raises(ValueError, match="min_coverage is a share"):
        resample(library, sensor="emit", min_coverage=90)
    with pytest.raises(ValueError, match=r"dimensions \('band', 'wavelength'\)"):
        resample(library, responses=library)
    flat = xr.DataArray(
        np.ones((2, 3)),
        dims=("band", "wavelength"),
        coords={"band": ["3N", "3B"], "wavelength": [800.0, 810.0, 820.0]},
    )
    with pytest.raises(ValueError, match=r"drop_sel\(band='3B'\)"):
        resample(library, responses=flat)
    with pytest.raises(ValueError, match="band '3N' is nowhere above zero"):
        resample(library, responses=flat * 0)


@pytest.mark.parametrize("sensor", list_sensors().index)
def test_each_sensor_is_a_target(sensor):
    wide = np.concatenate([np.arange(350.0, 2600, 5), np.arange(2600.0, 14000, 50)])
    source = spectrum(wide / 1e4, wide, fwhm=np.full(wide.size, 1.0))
    found = resample(source, sensor=sensor, min_coverage=0.5)
    table = sensor_bands(sensor).sort_values("wavelength")
    assert list(found["band"].values) == table["band"].tolist()
    np.testing.assert_allclose(found, table["wavelength"] / 1e4, rtol=2e-3)
