"""The unit of work: slabs, threads and chunks give what one pass gives."""

import threading
import time

import numpy as np
import pytest
import xarray as xr

from spectral import _blocks
from spectral._blocks import Output, fold_spectra, map_spectra
from spectral._check import check_cube, good_bands, spectra_on
from spectral._threads import one_blas_thread

WAVES = np.linspace(400.0, 2400.0, 11)


@pytest.fixture
def cube():
    rng = np.random.default_rng(4)
    values = rng.random((11, 23, 17), dtype="float32")
    values[3, 5, 6] = np.nan
    bad = np.arange(11) == 8
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": WAVES,
            "bad_bands": ("wavelength", bad),
            "y": np.arange(23.0),
            "x": np.arange(17.0),
        },
        name="scene",
        attrs={"note": "kept apart"},
    )


def mean_and_ends(spectra):
    return spectra.mean(0), spectra[[0, -1]]


OUTPUTS = [Output("mean"), Output("ends", "end", ["first", "last"])]


@pytest.mark.parametrize("slab", [1, 1 << 21])
@pytest.mark.parametrize("chunks", [None, {"y": 5, "x": 4, "wavelength": 3}])
def test_slabs_and_chunks_change_nothing(cube, slab, chunks, monkeypatch):
    monkeypatch.setattr(_blocks, "SLAB", slab)
    before = cube.copy(deep=True)
    given = cube if chunks is None else cube.chunk(chunks)
    mean, ends = map_spectra(mean_and_ends, given, outputs=OUTPUTS)
    assert (mean.chunks is None) == (chunks is None)
    good = np.delete(cube.values, 8, axis=0)
    np.testing.assert_allclose(mean, good.mean(0), rtol=1e-6)
    np.testing.assert_array_equal(ends, good[[0, -1]])
    assert mean.dims == ("y", "x")
    assert ends.dims == ("end", "y", "x")
    assert list(ends["end"].values) == ["first", "last"]
    assert "bad_bands" not in mean.coords
    xr.testing.assert_identical(cube, before)


def test_the_crs_stays(cube):
    import rioxarray  # noqa: F401

    placed = cube.rio.write_crs("EPSG:32650")
    placed["x"].attrs["units"] = "metre"
    for grid in map_spectra(mean_and_ends, placed, outputs=OUTPUTS):
        assert grid.rio.crs.to_epsg() == 32650
        assert grid["x"].attrs == {"units": "metre"}
        assert grid.attrs == {}


def test_bad_bands_on_request(cube):
    (mean,) = map_spectra(
        lambda spectra: spectra.mean(0), cube, outputs=[Output("mean")], keep_bad=True
    )
    np.testing.assert_allclose(mean, cube.values.mean(0), rtol=1e-6)


def test_a_library_is_mapped_as_a_cube_is(cube):
    library = cube.isel(y=2).rename(x="spectrum").transpose("spectrum", "wavelength")
    (mean,) = map_spectra(
        lambda spectra: spectra.mean(0), library, outputs=[Output("mean")]
    )
    assert mean.dims == ("spectrum",)
    np.testing.assert_allclose(mean, np.delete(library.values, 8, 1).mean(1), rtol=1e-6)


@pytest.mark.parametrize("chunks", [None, {"y": 5, "x": 4}])
def test_fold_merges_in_order(cube, chunks, monkeypatch):
    monkeypatch.setattr(_blocks, "SLAB", 64)
    given = cube if chunks is None else cube.chunk(chunks)
    found = fold_spectra(
        lambda spectra: [float(np.nansum(spectra[0], dtype="float64"))],
        given,
        merge=lambda one, other: one + other,
    )
    assert sum(found) == pytest.approx(cube.values[0].sum(dtype="float64"))
    again = fold_spectra(
        lambda spectra: [float(np.nansum(spectra[0], dtype="float64"))],
        given,
        merge=lambda one, other: one + other,
    )
    assert found == again


def test_blas_is_held_by_the_last_to_leave():
    from threadpoolctl import threadpool_info

    def threads():
        found = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
        return max(found, default=1)

    before, inside = threads(), []

    def late():
        with one_blas_thread():
            time.sleep(0.05)
            inside.append(threads())

    with one_blas_thread():
        other = threading.Thread(target=late)
        other.start()
        inside.append(threads())
    other.join()
    assert inside == [1, 1]
    assert threads() == before


def test_check_cube_says_what_is_wrong(cube):
    check_cube(cube)
    with pytest.raises(TypeError, match="not as ndarray"):
        check_cube(cube.values)
    with pytest.raises(ValueError, match="none called 'wavelength'"):
        check_cube(cube.rename(wavelength="band"))
    with pytest.raises(ValueError, match="has no wavelengths"):
        check_cube(cube.drop_vars("wavelength"))
    with pytest.raises(ValueError, match=r"not nm\. From micrometres"):
        check_cube(cube.assign_coords(wavelength=WAVES / 1000))
    with pytest.raises(ValueError, match="600 nm is followed by 500 nm"):
        check_cube(cube.assign_coords(wavelength=[400, 600, 500, *WAVES[3:]]))
    with pytest.raises(ValueError, match="no numbers"):
        check_cube(cube.assign_coords(wavelength=[np.nan, *WAVES[1:]]))
    with pytest.raises(ValueError, match="fwhm must be above zero"):
        check_cube(cube.assign_coords(fwhm=("wavelength", np.zeros(11))))
    with pytest.raises(ValueError, match="'fwhm' runs along"):
        check_cube(cube.assign_coords(fwhm=("y", np.ones(23))))
    with pytest.raises(TypeError, match=r"holds int16.*scale=10000"):
        check_cube((cube.fillna(0) * 10000).astype("int16"))
    with pytest.raises(TypeError, match=r"holds float16.*astype"):
        check_cube(cube.astype("float16"))
    with pytest.raises(ValueError, match="has no bands"):
        check_cube(cube[:0])
    with pytest.raises(ValueError, match="all 11 bands are marked bad"):
        good_bands(cube.assign_coords(bad_bands=("wavelength", np.ones(11, bool))))


def test_library_must_stand_on_the_cube(cube):
    library = xr.DataArray(
        np.full((2, 11), 0.4),
        dims=("spectrum", "wavelength"),
        coords={"spectrum": ["calcite", "mica"], "wavelength": WAVES},
    )
    names, spectra = spectra_on(library, cube)
    assert names == ["calcite", "mica"]
    assert spectra.shape == (2, 10)
    assert spectra_on(library[0], cube)[1].shape == (1, 10)
    assert spectra_on(library[1], cube)[0] == ["mica"]
    assert spectra_on(library[1].drop_vars("spectrum"), cube)[0] == ["spectrum"]
    with pytest.raises(ValueError, match=r"resample\(targets, like=cube\)"):
        spectra_on(library[:, 1:], cube, role="targets")
    far = library.assign_coords(wavelength=WAVES + 8000)
    with pytest.raises(ValueError, match="do not overlap"):
        spectra_on(far, cube)
    with pytest.raises(ValueError, match="stand more than once"):
        spectra_on(library.assign_coords(spectrum=["a", "a"]), cube)
    gap = library.where(library["wavelength"] != WAVES[2])
    with pytest.raises(ValueError, match="hold no spectrum"):
        spectra_on(library[:0], cube)
    with pytest.raises(ValueError, match="infinite values in good bands: mica"):
        spectra_on(library.where(library["spectrum"] == "calcite", np.inf), cube)
    blind = cube.assign_coords(bad_bands=("wavelength", np.ones(11, bool)))
    with pytest.raises(ValueError, match="all 11 bands are marked bad"):
        spectra_on(library, blind)
    with pytest.raises(ValueError, match=r"calcite \(1 of 10\)"):
        spectra_on(gap, cube)
    with pytest.raises(ValueError, match="need the dimensions"):
        spectra_on(cube, cube)
