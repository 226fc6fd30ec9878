"""Problems say where, what and what to do."""

import pickle

import pytest

from survey import DataProblems, Problem


def test_place_is_told_as_far_as_it_is_known():
    problem = Problem("empty", "fill it", file="a.csv", row=0, column="Cu", value="")
    assert problem.where == "a.csv, row 0, column 'Cu', value ''"
    assert str(Problem("empty", "fill it")) == "empty. Remedy: fill it"
    assert str(problem).endswith("value '': empty. Remedy: fill it")


def test_all_problems_are_in_one_error():
    problems = [Problem("one", "a"), Problem("two", "b", layer="faults")]
    with pytest.raises(DataProblems, match=r"2 problems\s+1\. one.*\s+2\. layer"):
        raise DataProblems(iter(problems))
    assert list(DataProblems(problems).problems) == problems
    assert isinstance(DataProblems(problems), ValueError)


def test_problems_are_values():
    problem = Problem("one", "a", severity="warning")
    assert problem == Problem("one", "a", severity="warning")
    assert pickle.loads(pickle.dumps(problem)) == problem
    with pytest.raises(AttributeError):
        problem.what = "two"


def test_survives_the_way_between_processes():
    import pickle

    from survey import DataProblems, Problem

    sent = DataProblems([Problem("cut short", "fetch it again", "a.tif")])
    got = pickle.loads(pickle.dumps(sent))
    assert str(got) == str(sent)
    assert got.problems == sent.problems
