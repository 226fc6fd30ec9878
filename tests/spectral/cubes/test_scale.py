"""No value passes for reflectance that cannot be: scale, codes, radiance, sample."""

import numpy as np
import pytest

import spectral


def flat(value, shape=(5, 7, 6), spread=0.3):
    rng = np.random.default_rng(7)
    return value * (1 + spread * (rng.random(shape) - 0.5))


def test_whole_numbers_need_a_scale(write_envi, tmp_path):
    path = write_envi(tmp_path, flat(3000).round(), stored="<i2")
    with pytest.raises(ValueError, match=r"int16 up to \d+ .* scale=10000"):
        spectral.open_cube(path)
    cube = spectral.open_cube(path, scale=10000)
    assert 0.2 < float(cube.mean()) < 0.4
    assert cube.attrs["notes"] == ["values were divided by 10000, as asked for"]


def test_digital_numbers_are_not_called_reflectance(write_envi, tmp_path):
    path = write_envi(tmp_path, flat(150).round(), stored="u1")
    with pytest.raises(ValueError, match="look like digital numbers"):
        spectral.open_cube(path)
    cube = spectral.open_cube(path, scale=1)
    assert cube.attrs["quantity"] == "digital number"
    assert float(cube.max()) > 100


@pytest.mark.parametrize(("value", "scale"), [(4000.0, 10000), (40.0, 100)])
def test_floats_that_are_no_reflectance(write_envi, tmp_path, value, scale):
    path = write_envi(tmp_path, flat(value))
    with pytest.raises(ValueError, match=rf"reflectance is 0 to 1.*scale={scale}"):
        spectral.open_cube(path)
    cube = spectral.open_cube(path, scale=scale)
    assert 0.3 < float(cube.mean()) < 0.5


def test_a_declared_scale_on_values_that_are_reflectance(write_envi, tmp_path):
    path = write_envi(tmp_path, flat(0.3), reflectance_scale_factor=10000)
    with pytest.raises(ValueError, match=r"already are reflectance.*scale=1"):
        spectral.open_cube(path)
    assert float(spectral.open_cube(path, scale=1).mean()) > 0.2


def test_few_bright_values_are_told(write_envi, tmp_path):
    values = flat(0.3, shape=(5, 40, 50))
    values[1, :5] = 9.0  # one band of five, a water band left unmarked
    cube = spectral.open_cube(write_envi(tmp_path, values))
    assert "exceed 1.5" in cube.attrs["notes"][0]


def test_bad_bands_are_not_looked_at(write_envi, tmp_path):
    values = flat(0.3)
    values[[1, 3]] = 500.0
    path = write_envi(tmp_path, values, bbl="{1, 0, 1, 0.0, 1}")
    cube = spectral.open_cube(path)
    assert cube["bad_bands"].values.tolist() == [False, True, False, True, False]
    with pytest.raises(ValueError, match="reflectance is 0 to 1"):
        spectral.open_cube(path, bad_bands=[False] * 5)


def test_gains_make_radiance(write_envi, tmp_path):
    gains = "{0.5, 0.25, 0.125, 1, 2}"
    path = write_envi(
        tmp_path, flat(100, spread=0).round(), stored="<u2", data_gain_values=gains,
        data_offset_values="{-1, 0, 0, 0, 0}",
    )  # fmt: skip
    cube = spectral.open_cube(path)
    assert cube.attrs["quantity"] == "radiance"
    np.testing.assert_allclose(cube.values[:, 0, 0], [49, 25, 12.5, 100, 200])
    with pytest.raises(ValueError, match="3 items for 5 bands"):
        spectral.open_cube(
            write_envi(tmp_path, flat(100), data_gain_values="{1, 2, 3}")
        )


def test_reflectance_gains(write_envi, tmp_path):
    path = write_envi(
        tmp_path, flat(1000, spread=0).round(), stored="<u2",
        data_reflectance_gain_values="{2e-4, 1e-4, 1e-4, 1e-4, 1e-4}",
        data_reflectance_offset_values="{-0.1, -0.1, -0.1, -0.1, 0}",
    )  # fmt: skip
    cube = spectral.open_cube(path)
    assert cube.attrs["quantity"] == "reflectance"
    np.testing.assert_allclose(cube.values[:, 0, 0], [0.1, 0, 0, 0, 0.1], atol=1e-7)


def test_two_scales_contradict(write_envi, tmp_path):
    path = write_envi(
        tmp_path, flat(3000).round(), stored="<i2", reflectance_scale_factor=10000,
        data_gain_values="{0.1, 0.1, 0.1, 0.1, 0.1}",
    )  # fmt: skip
    with pytest.raises(ValueError, match="not both can hold"):
        spectral.open_cube(path)
    assert float(spectral.open_cube(path, scale=10000).max()) < 1


def test_radiance_said_by_the_file(write_envi, tmp_path):
    path = write_envi(tmp_path, flat(12), description="{at-sensor Radiance}")
    assert spectral.open_cube(path).attrs["quantity"] == "radiance"


def test_undeclared_code_that_fills_pixels(write_envi, tmp_path):
    values = flat(0.3)
    values[:, 2:4] = -9999
    cube = spectral.open_cube(write_envi(tmp_path, values))
    assert np.isnan(cube.values[:, 2:4]).all()
    assert "28.6% of the pixels looked at are -9999 in every band" in cube.notes[0]
    kept = spectral.open_cube(write_envi(tmp_path, values), nodata=np.nan)
    assert kept.values[0, 2, 0] == -9999


def test_zero_pixels_are_told_and_kept(write_envi, tmp_path):
    values = flat(0.3)
    values[:, 0] = 0
    path = write_envi(tmp_path, values)
    cube = spectral.open_cube(path)
    assert (cube.values[:, 0] == 0).all()
    assert "zero in every band" in cube.notes[0]
    assert np.isnan(spectral.open_cube(path, nodata=0).values[:, 0]).all()


def test_codes_that_cannot_occur(write_envi, tmp_path):
    path = write_envi(
        tmp_path, flat(3000).round(), stored="<u2", data_ignore_value=-9999,
        reflectance_scale_factor=10000,
    )  # fmt: skip
    assert (
        "ignore value -9999 cannot occur in uint16" in spectral.open_cube(path).notes[0]
    )
    with pytest.raises(ValueError, match="nodata=-1 cannot occur in uint16"):
        spectral.open_cube(path, nodata=-1)
    with pytest.raises(ValueError, match="scale= divides"):
        spectral.open_cube(path, scale=0)


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_declared_scales_that_cannot_be(write_envi, tmp_path, value):
    path = write_envi(tmp_path, flat(0.3), reflectance_scale_factor=value)
    cube = spectral.open_cube(path)
    assert "was not used: not above zero" in cube.notes[0]


def test_a_scene_without_any_value(write_envi, tmp_path):
    path = write_envi(tmp_path, np.full((5, 3, 3), np.nan))
    assert np.isnan(spectral.open_cube(path)).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("stored", ["<f4", ">f4", "<f8"])
@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"reflectance_scale_factor": 1e-6},
        {"data_reflectance_gain_values": "{0, 2, 1e9, 1, 1}"},
    ],
)
def test_infinite_values_are_missing_and_told(write_envi, tmp_path, stored, entries):
    values = flat(1e-8) if "reflectance_scale_factor" in entries else flat(1e-10)
    values = values if entries else flat(0.3)
    values[0, 1, 1], values[2, 3, 3], values[2, 0, 0] = np.inf, -np.inf, -1.23e34
    cube = spectral.open_cube(write_envi(tmp_path, values, stored=stored, **entries))
    found = cube.values
    np.testing.assert_array_equal(np.isnan(found), np.abs(values) > 1e30)
    assert np.isfinite(found[~np.isnan(found)]).all()
    told = [note for note in cube.attrs["notes"] if "infinite" in note]
    assert len(told) == 1
    assert told[0].startswith("2 values among 42 pixels in 5 bands looked at")
    report = spectral.cube_report(cube)
    np.testing.assert_allclose(report["missing"] * 42, [1, 0, 2, 0, 0])
