"""Search by words, taxonomy, SQL and features."""

import numpy as np
import pandas as pd
import pytest

from spectral.library import open_library

WAVES = np.arange(1300.0, 2501.0, 5.0)
ROWS = [
    ("k1", "Kaolinite KGa-1", "kaolinite", "BECK", "well ordered", 2207, 0.30),
    ("k2", "Kaolinite KGa-2", "kaolinite", "ASDFR", "poorly ordered", 2207, 0.15),
    ("m1", "Muscovite GDS113", "muscovite", "ASDFR", "Ruby, 50 um", 2199, 0.20),
    ("c1", "Calcite WS272", "calcite", "BECK", "with kaolinite stains", 2338, 0.25),
    ("x1", "Mix 7", None, "ASDFR", "kaolinite and calcite 1:1", 2210, 0.10),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    table = pd.DataFrame(
        {
            "spectrum_id": [row[0] for row in ROWS],
            "name": [row[1] for row in ROWS],
            "mineral": [row[2] for row in ROWS],
            "instrument": [row[3] for row in ROWS],
            "description": [row[4] for row in ROWS],
            "locality": ["Georgia", "Georgia", "Colorado", "内蒙古", "Nevada"],
            "depth_m": [1.0, 2.0, 3.0, 4.0, 5.0],
            "wavelength": [WAVES] * 5,
            "reflectance": [
                0.5
                - 0.5 * depth * np.exp(-4 * np.log(2) * ((WAVES - centre) / 40) ** 2)
                for *_, centre, depth in ROWS
            ],
        }
    )
    found = open_library(tmp_path_factory.mktemp("search") / "lib", create=True)
    found.add(table)
    return found


def ids(table):
    return list(table["spectrum_id"])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", ["k1", "k2", "m1", "c1", "x1"]),
        ("kaolinite", ["k1", "k2", "c1", "x1"]),
        ("KAOLINITE ordered", ["k1", "k2"]),
        ("calcite", ["c1", "x1"]),
        ("高岭石", ["k1", "k2"]),
        ("层状硅酸盐", ["k1", "k2", "m1"]),
        ("sericite", ["m1"]),
        ("绢云母", ["m1"]),
        ("CaCO3", ["c1"]),
        ("内蒙古", ["c1"]),
        ("georgia beck", ["k1"]),
        ("GDS113", ["m1"]),
        ("talc", []),
    ],
)
def test_words(library, words, wanted):
    assert ids(library.search(words=words)) == wanted


def test_taxonomy_and_columns(library):
    assert ids(library.search(mineral="china clay")) == ["k1", "k2"]
    assert ids(library.search(mineral=["kaolinite", "方解石"])) == ["k1", "k2", "c1"]
    assert ids(library.search(group="white mica and illite")) == ["m1"]
    assert ids(library.search(group="phyllosilicates")) == ["k1", "k2", "m1"]
    assert ids(library.search(group="碳酸盐")) == ["c1"]
    assert ids(library.search(words="ordered", instrument="beck")) == ["k1"]
    assert ids(library.search(where="depth_m > 3")) == ["c1", "x1"]
    assert ids(library.search(mineral="talc")) == []


def test_sql(library):
    table = library.query(
        'select "group", count(*) as n from spectra group by "group" order by n desc'
    )
    assert table["n"].tolist() == [2, 1, 1, 1]
    deep = library.query("select max(depth) as deepest from features")
    assert deep["deepest"][0] == pytest.approx(0.3, abs=0.002)


def test_features(library):
    assert ids(library.find_features((2195, 2215), depth=0.05)) == [
        "k1",
        "m1",
        "k2",
        "x1",
    ]
    some = library.find_features((2195, 2215), depth=(0.12, 0.25))
    assert ids(some) == ["m1", "k2"]
    np.testing.assert_allclose(some["position"], [2199, 2207], atol=0.5)
    np.testing.assert_allclose(some["depth"], [0.2, 0.15], atol=0.002)
    assert ids(library.find_features((2195, 2203))) == ["m1"]
    assert ids(library.find_features([(2195, 2215), (2330, 2345)])) == []
    assert ids(library.find_features((2330, 2345), width=(30, 50))) == ["c1"]
    assert ids(library.find_features((2330, 2345), width=(60, 90))) == []


def test_tree(library):
    tree = library.taxonomy()
    assert tree["spectra"].tolist() == [1, 2, 1, 1]
    assert tree["zh"].tolist()[:3] == ["方解石", "高岭石", "白云母"]
    assert pd.isna(tree["mineral"].iloc[3])


def test_unknown_names_get_the_nearest(library):
    with pytest.raises(KeyError, match=r"'kaolinte'\. Did you mean kaolinite"):
        library.search(mineral="kaolinte")
    with pytest.raises(
        KeyError, match=r"no group 'carbonate'.*Did you mean carbonates"
    ):
        library.search(group="carbonate")
    with pytest.raises(KeyError, match=r"instrument 'NIC4'\. There is: ASDFR, BECK"):
        library.search(instrument="NIC4")
    with pytest.raises(ValueError, match='write "group"'):
        library.search(where="group = 'kaolin'")
    with pytest.raises(ValueError, match="DuckDB cannot do that"):
        library.query("select * from '/etc/passwd'")
    with pytest.raises(KeyError, match=r"no spectrum 'k11'\. Did you mean k1"):
        library.replicates("k11")
    with pytest.raises(ValueError, match="position is"):
        library.find_features(None)
    with pytest.raises(ValueError, match="depth runs from 0 to 1"):
        library.find_features((2195, 2215), depth=(0.3, 0.1))
