import pickle

import pytest

from survey import DataProblems
from survey.quality import read_quality_rules


@pytest.mark.parametrize("name", ["international", "china_1_50k", "default"])
def test_supplied_rules(name):
    table = read_quality_rules(name).table()
    assert table["code"].is_unique
    assert table["reference"].str.len().gt(5).all()
    assert table["unit"].str.len().gt(3).all()
    assert table["primary_read"].map(type).eq(bool).all()
    assert set(table["action"]) <= {"note", "warn", "reassay", "reject"}


def test_numbers_of_the_chinese_rules():
    rules = read_quality_rules("china_1_50k")
    assert rules["re"].limit("Cu_ppm") == 30
    assert rules["re"].limit("Au_ppb") == 50
    assert rules["re"].numbers["required"] == 80
    assert rules["delta_log"].numbers["near"] == 0.10
    assert rules["delta_log"].numbers["limit"] == 0.05
    rsd = rules["rsd"].numbers
    assert [rsd[k] for k in ("near", "limit", "from_1_pct", "from_5_pct")] == [
        17, 10, 8, 3,
    ]  # fmt: skip


def test_a_file_holds_only_what_differs(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text(
        'based_on = "international"\ntitle = "Ours"\nrequired = ["blank"]\n'
        '[rules.blank]\non = true\naction = "reject"\nlimit = 10\nunit = "limits"\n'
        'reference = "our manual"\nprimary_read = true\n'
    )
    rules = read_quality_rules(path)
    base = read_quality_rules("international")
    assert (rules.name, rules.title, rules.required) == ("ours", "Ours", ("blank",))
    assert rules["blank"].numbers["limit"] == 10
    assert rules["blank"].primary_read
    assert {c: r for c, r in rules.rules.items() if c != "blank"} == {
        c: r for c, r in base.rules.items() if c != "blank"
    }


def test_all_faults_of_a_file_at_once(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        'based_on = "international"\nrequired = ["accuracy", "luck"]\ntitel = "x"\n'
        '[rules.blanks]\non = true\n'
        '[rules.blank]\non = "yes"\naction = "burn"\nlimit = -1\nlimits = 3\n'
        'unit = "x"\nreference = "y"\n'
    )  # fmt: skip
    with pytest.raises(DataProblems) as raised:
        read_quality_rules(path)
    said = str(raised.value)
    assert "8 problems" in said
    assert "unknown rule. Remedy: did you mean 'blank'?" in said
    assert "column 'titel': unknown entry. Remedy: did you mean 'title'?" in said
    assert "value 'luck'" in said
    assert "column 'rules.blank.on', value 'yes'" in said
    assert "write one of note, warn, reassay, reject" in said
    assert "column 'rules.blank.limit', value '-1'" in said
    assert "column 'rules.blank.limits': unknown entry" in said
    assert "add primary_read = …" in said


def test_a_file_of_its_own_must_be_complete(tmp_path):
    path = tmp_path / "bare.toml"
    path.write_text('title = "bare"\n')
    with pytest.raises(DataProblems, match=r"column 'rules\.1-3s': a rule is missing"):
        read_quality_rules(path)
    path.write_text("title = \n")
    with pytest.raises(DataProblems, match="correct the TOML"):
        read_quality_rules(path)
    path.write_text('based_on = "mars"\n')
    with pytest.raises(DataProblems, match="name one of china_1_50k, international"):
        read_quality_rules(path)
    path.write_text('based_on = "international"\n[rules]\nblank = 3\n')
    with pytest.raises(DataProblems, match="not a table"):
        read_quality_rules(path)


def test_no_such_rules():
    with pytest.raises(FileNotFoundError, match="one of china_1_50k, international"):
        read_quality_rules("nowhere")


def test_change_gives_new_rules():
    rules = read_quality_rules("default")
    other = rules.change("re", on=True, limit=20.0)
    assert (other["re"].on, other["re"].limit("Cu_ppm")) == (True, 20)
    assert other["re"].limit("Au_ppb") == 50
    assert not rules["re"].on
    assert pickle.loads(pickle.dumps(other)) == other
    with pytest.raises(DataProblems, match="did you mean"):
        rules.change("blanks", on=True)
    with pytest.raises(DataProblems, match="write a number from 0"):
        rules.change("re", limit=-3.0)
    with pytest.raises(DataProblems, match="unknown entry"):
        rules.change("re", limits=3.0)
