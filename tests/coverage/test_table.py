"""The table of coverage: a few trials of each claim hold here, all of them by `make coverage`."""

import pytest

from tests.coverage.__main__ import few, modules, put, run
from tests.coverage.table import Row, at_least, covered, never_below, page, section, sections


@pytest.mark.parametrize("name", modules())
def test_a_few_trials_of_each_claim_hold(name):
    rows = run(name, count=few(name))
    assert rows
    assert [row for row in rows if not row.passed] == []


def test_a_share_is_judged_by_how_many_trials_there_were():
    few, many = [True] * 7 + [False], ([True] * 7 + [False]) * 50
    assert covered("", "", few, 0.68, 0.08).passed
    assert not covered("", "", many, 0.68, 0.08).passed


def test_a_bound_fails_by_one_trial():
    assert never_below("", "", [0.2, 0.9]).passed
    assert not never_below("", "", [0.2, 1.1, 0.3]).passed


def test_a_share_that_is_reached_is_reached():
    assert at_least("", "", [True] * 9 + [False], 0.9).passed
    assert not at_least("", "", [True] * 8 + [False] * 2, 0.9).passed


def test_the_page_says_what_is_not_so():
    rows = [Row("a", "b", 3, "1", "2", True), Row("c", "d", 4, "9", "2", False)]
    text = page({"A": section("A", "Words.", rows)})
    assert "| c | d | 4 | 9 | 2 | **not so** |" in text
    assert text.endswith("In all 2 claims, 7 trials: 1 not so.\n")


def test_rows_of_one_module_take_the_place_of_theirs_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.coverage.__main__.words", str.upper)
    target = tmp_path / "page.md"
    put(target, "b_kind", [Row("b", "m", 3, "1", "2", False)])
    put(target, "a_kind", [Row("a", "m", 4, "1", "2", True)])
    put(target, "b_kind", [Row("b", "m", 5, "1", "2", True)])
    text = target.read_text(encoding="utf-8")
    assert list(sections(text)) == ["A kind", "B kind"]
    assert text.endswith("In all 2 claims, 9 trials: none not so.\n")
