"""Names of minerals, in two languages and as libraries write them."""

import pytest

from spectral.library import find_mineral, mineral_group, mineral_table


@pytest.mark.parametrize(
    ("text", "mineral"),
    [
        ("Kaolinite", "kaolinite"),
        ("高岭石", "kaolinite"),
        ("kaolin", "kaolinite"),
        ("Sphene", "titanite"),
        ("sericite", "muscovite"),
        ("Allanite_REE", "allanite"),
        ("Muscovite-medhi-Al CU91-252D", "muscovite"),
        ("Montmorillonite-Na+", None),
        ("Alunite_K-Na AL705", "alunite"),
        ("Prehnite Ca_2Al_2Si_3O_10(OH)_2", "prehnite"),
        ("Sodium Bicarbonate GDS55", "nahcolite"),
        ("H2O-Ice GDS136", "ice"),
        ("Calcite.5+Dolomite.5", None),
        ("Goethite_Phyllite", None),
        ("Basalt_fresh", None),
        ("", None),
    ],
)
def test_find_mineral(text, mineral):
    assert find_mineral(text) == mineral


def test_table_is_a_tree():
    table = mineral_table()
    assert len(table) > 300
    assert table["zh"].is_unique
    assert not table[["zh", "group_zh", "class_zh", "strunz"]].eq("").any().any()
    assert (table.groupby("group")["mineral_class"].nunique() == 1).all()
    for name, row in table.iterrows():
        assert find_mineral(name) == name
        assert find_mineral(row["zh"]) == name
        for other in filter(None, row["also"].split(", ")):
            assert find_mineral(other) == name


def test_unknown_mineral_gets_the_nearest():
    assert mineral_group("Dolomite") == "dolomite"
    with pytest.raises(
        KeyError, match=r"no mineral 'kaolinte'. Did you mean kaolinite"
    ):
        mineral_group("kaolinte")
