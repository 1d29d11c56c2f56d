"""The benchmarks run, at small size, so that they cannot rot."""

import math

import pytest

from tests.bench.__main__ import GROUPS, run, table


@pytest.mark.bench
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.mpi] if name == "mpi" else []) for name in GROUPS],
)
def test_each_group_of_benchmarks_gives_rows_of_numbers(name):
    rows = run([name], small=True)
    assert all(math.isfinite(each["value"]) for each in rows)
    assert table(rows).row_count == len(rows)
