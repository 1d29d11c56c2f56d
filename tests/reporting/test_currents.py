"""The report shows the current, says what was chosen, and marks what the mesh decides."""

import numpy as np
import pytest

from poreflux import collect, from_array, interfacial_current, phantoms, preview, report
from poreflux.reporting.figures_current import current_cards
from poreflux.reporting.methods_current import current_sentences
from poreflux.results.number_rows import rows


@pytest.fixture(scope="module")
def results():
    volume = phantoms.random_sites((12, 14, 10), 0.2, seed=2)
    found = interfacial_current(volume, wagner_lengths=[0.0, 10.0], charge_transfer_resistance=0.1)
    return collect(preview(volume), found, volume=volume)


def test_the_page_holds_map_section_distribution_and_sweep(results, tmp_path):
    names = [card.name for card in current_cards(results)]
    assert names == ["current", "current_section", "current_shares", "wagner_z"]
    page = report(results, tmp_path / "report.html").read_text()
    assert "Current at the electrode" in page
    assert "Butler–Volmer" in page


def test_assumptions_are_called_assumptions(results):
    words = " ".join(current_sentences(results))
    assert "charge-transfer resistance 0.1 Ω cm²" in words
    assert "are assumptions, not measurements" in words
    assert "92.86 % of the face in contact" in words


def test_the_largest_current_is_printed_as_mesh_dependent(results):
    row = next(row for row in rows(results) if row.name == "current_density_max")
    assert "mesh-dependent" in row.quantity
    assert row.printed_unit == "mA/cm²"


def test_diagnostics_of_the_solver_come_last(results):
    names = [row.name for row in rows(results)]
    assert names.index("current_mismatch") > names.index("wagner_length")


def test_without_current_there_is_nothing_to_show():
    labels = np.ones((6, 8, 8), np.uint8)
    labels[3] = 0
    assert not list(current_cards(collect(interfacial_current(from_array(labels)))))


def test_a_direction_that_was_not_asked_for_has_no_figure(results):
    """Beside metrics of all directions a sweep across one is NaN for the others."""
    wide = results.reindex(direction=["z", "y", "x"])
    assert [card.name for card in current_cards(wide) if "wagner" in card.name] == ["wagner_z"]
