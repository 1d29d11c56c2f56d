"""The benchmarks run, at small size, so that they cannot rot."""

import pytest

from tests.bench import one_pass


@pytest.mark.bench
def test_one_pass_reports_a_rate_from_store_and_from_memory():
    rows = one_pass.measure(n=64, repeats=1)
    assert [row["unit"] for row in rows] == ["MB/s", "MB/s"]
    assert all(row["value"] > 0 for row in rows)
