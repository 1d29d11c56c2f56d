"""The studies of many samples of each kind run and give their tables."""

import numpy as np
import pytest

from tests.bench import six_samples


@pytest.mark.slow
def test_many_samples_of_each_kind_are_compared_by_the_study(tmp_path):
    study = six_samples.twins(tmp_path, range(2), 20, ("regular_100", "fine_100"))
    assert study.run().failed == {}
    table = six_samples.numbers(study.results)
    assert list(table["kind"]) == ["regular_100"] * 2 + ["fine_100"] * 2
    assert list(six_samples.means(table).index) == ["regular_100", "fine_100"]
    # fast kinetics leave the current more uneven, on every sample
    assert (table["CV, 8 µm"] > table["CV, 25 µm"]).all()
    chances = six_samples.chances(table, ["pores, %"])
    assert chances["pores, %"].to_dict() == {"regular_100": 1.0, "fine_100": 0.0}
    found = six_samples.correlations(study.results, table)
    assert "the porosity" in found.index
    assert np.abs(found.to_numpy()).max() <= 1
