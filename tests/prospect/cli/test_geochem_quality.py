import csv
import io
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

DISTRICT = "data_samples/synthetic_district/geochemistry"


@pytest.fixture
def runner():
    return CliRunner()


@pytest.fixture
def run(tmp_path):
    """Command on copies of the district's tables with copper only."""
    folder = tmp_path / "read"
    folder.mkdir()
    for name in ("soils", "quality_control", "reference_materials"):
        table = pd.read_csv(f"{DISTRICT}/{name}.csv", dtype=str)
        others = ("Au_ppb", "Mo_ppm", "Ag_ppm", "Pb_ppm", "Zn_ppm", "As_ppm")
        table.drop(columns=list(others)).to_csv(folder / f"{name}.csv", index=False)
    return [
        "geochem", "qc", str(folder / "soils.csv"),
        "--controls", str(folder / "quality_control.csv"),
        "--certified", str(folder / "reference_materials.csv"),
    ]  # fmt: skip


def test_report_verdicts_and_tables_are_written(runner, run, tmp_path):
    done = runner.invoke(app, [*run, "--out", str(tmp_path), "--name", "Bixi"])
    assert done.exit_code == 0, done.output
    assert "T3: re-assay Cu_ppm" in done.stdout
    assert str(tmp_path / "report.html") in done.stdout
    assert "<h1>Bixi</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    text = (tmp_path / "verdicts.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    one = next(r for r in rows if (r["lab_batch"], r["analyte"]) == ("T3", "Cu_ppm"))
    assert one["verdict"] == "reassay"
    assert "batch_bias" in {reason["code"] for reason in json.loads(one["reasons"])}
    assert (tmp_path / "tables" / "references.csv").exists()
    assert "without a standard deviation" in done.stderr


def test_chinese_report_by_chinese_rules(runner, run, tmp_path):
    options = ["--rules", "china_1_50k", "--lang", "zh", "--out", str(tmp_path)]
    done = runner.invoke(app, [*run, *options])
    assert done.exit_code == 0, done.output
    assert "T3：重新分析 Cu_ppm" in done.stdout
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "哪些批次可以使用" in page


def test_limits_of_the_batch_come_from_its_controls(runner, tmp_path):
    assays = tmp_path / "a.csv"
    assays.write_text("id,batch,Cu_ppm\nS1,B1,未检出\nS2,B1,7\n", encoding="utf-8")
    controls = tmp_path / "c.csv"
    controls.write_text(
        "id,qc_type,material,original_id,batch,Cu_ppm\n"
        "Q1,blank,sand,,B1,<0.5\nQ2,field duplicate,,S2,B1,8\n",
        encoding="utf-8",
    )
    options = ["--controls", str(controls), "--out", str(tmp_path / "out")]
    done = runner.invoke(app, ["geochem", "qc", str(assays), *options])
    assert done.exit_code == 0, done.output
    assert (
        "a.csv: 1 censored results without a limit take the one stated" in done.stderr
    )
    assert "B1: untested Cu_ppm" in done.stdout


def test_bad_tables_are_told_with_code_three(runner, tmp_path):
    assays = tmp_path / "a.csv"
    assays.write_text("id,batch,Cu_ppm\nS1,B1,much\nS2,B1,7\n", encoding="utf-8")
    options = ["--controls", str(assays), "--out", str(tmp_path / "out")]
    done = runner.invoke(app, ["geochem", "qc", str(assays), *options])
    assert done.exit_code == 3
    assert "much" in done.stderr
    assert not (tmp_path / "out").exists()


def test_unknown_rules_are_told(runner, run, tmp_path):
    done = runner.invoke(app, [*run, "--rules", "none", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "no rules 'none'" in done.stderr


def test_help_says_what_the_exit_code_means(runner):
    done = runner.invoke(app, ["geochem", "qc", "-h"])
    assert done.exit_code == 0
    assert "0 whatever the verdicts" in " ".join(done.stdout.split())


CONTROLS = (
    "id,qc_type,material,original_id,batch,Cu_ppm\n"
    "Q1,reference material,RM-1,,B1,21\nQ2,field duplicate,,S9,B1,7\n"
)


def test_what_could_not_be_judged_is_told(runner, tmp_path):
    (tmp_path / "a.csv").write_text("id,batch,Cu_ppm\nS1,B1,5\nS2,B1,7\n")
    (tmp_path / "q.csv").write_text(CONTROLS)
    options = ["--controls", str(tmp_path / "q.csv"), "--out", str(tmp_path / "out")]
    done = runner.invoke(app, ["geochem", "qc", str(tmp_path / "a.csv"), *options])
    assert done.exit_code == 0, done.output
    assert "RM-1" in done.stderr
    assert "S9" in done.stderr


@pytest.mark.parametrize("bare", ["a.csv", "q.csv"])
def test_tables_without_rows_are_refused(runner, tmp_path, bare):
    (tmp_path / "a.csv").write_text("id,batch,Cu_ppm\nS1,B1,5\nS2,B1,7\n")
    (tmp_path / "q.csv").write_text(CONTROLS)
    header = (tmp_path / bare).read_text().split("\n")[0]
    (tmp_path / bare).write_text(header + "\n")
    options = ["--controls", str(tmp_path / "q.csv"), "--out", str(tmp_path / "out")]
    done = runner.invoke(app, ["geochem", "qc", str(tmp_path / "a.csv"), *options])
    assert done.exit_code == 3
    assert f"{bare}\t" in done.stderr
    assert "the table has no rows" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_table_given_twice_is_refused(runner, run, tmp_path):
    again = [*run[:3], *run[2:]]
    done = runner.invoke(app, [*again, "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "is given twice" in done.stderr
