import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from prospect.report import figure_curves, figure_map, save_figure


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_same_figure_gives_same_bytes(score, tmp_path, suffix):
    paths = [save_figure(figure_map(score), tmp_path / f"{i}{suffix}") for i in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_png_carries_neither_date_nor_program(score, tmp_path):
    content = save_figure(figure_map(score), tmp_path / "a.png").read_bytes()
    assert b"Software" not in content
    assert b"matplotlib" not in content.lower()


def test_other_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.gif: figures are saved as one of"):
        save_figure(Figure(), tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_failed_drawing_leaves_what_stood_there(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    monkeypatch.setattr(Figure, "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_figure(Figure(), path)
    assert path.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 1


def test_global_state_is_left_alone(score):
    names = set(mpl.rcParams) - {"backend"}
    before = {name: mpl.rcParams[name] for name in names}
    figure_map(score, lang="zh")
    figure_curves({})
    assert {name: mpl.rcParams[name] for name in names} == before


def test_notebook_shows_a_picture(score):
    assert figure_map(score)._repr_png_().startswith(b"\x89PNG")
