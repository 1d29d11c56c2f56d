"""The report shows sizes, correlations, arrangement and sub-volumes, as far as they are there."""

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import collect, phantoms, report
from poreflux.cli.numbers import document
from poreflux.reporting.figures_microstructure import structure_cards
from poreflux.reporting.methods import citations, methods
from poreflux.reporting.tables import tables
from poreflux.results.number_rows import rows


@pytest.fixture(scope="module")
def results():
    volume = phantoms.regular_100(40, chunks=40)
    volume = volume.assign(phase=volume.phase.compute())
    found = (
        pf.pore_size(volume, method="auto"),
        pf.pore_size(volume, method="thickness"),
        pf.chord_length(volume),
        pf.connectivity(volume),
        pf.euler_number(volume),
        pf.surface_area(volume),
        pf.two_point_correlation(volume),
        pf.spectral_density(volume),
        pf.arrangement(volume, method="auto"),
        pf.representative_volume(volume, edges=[5.0, 8.0, 12.0]),
    )
    return collect(*found, volume=volume)


def test_there_is_a_card_of_each_measurement_and_data_to_take_away(results):
    found = {card.name: card for card in structure_cards(results)}
    assert list(found) == [
        "pore_size", "local_thickness", "chord_length", "two_point", "spectral_density",
        "representative", "convergence",
    ]  # fmt: skip
    assert all(card.downloads for card in found.values())


def test_the_page_says_of_pores_whether_they_were_split_and_why(results, tmp_path):
    page = report(results, tmp_path / "report.html").read_text(encoding="utf-8")
    reason = results["pore_count"].attrs["reason"]
    assert reason in page
    for words in ("Connectivity", "Arrangement", "26 neighbours", "Hatched", "Lantuéjoul"):
        assert words in page


def test_the_tables_hold_the_numbers(results):
    connected, arranged, enough = tables(results)
    assert connected.header == ("", "6 neighbours", "26 neighbours")
    (clusters,) = [row for row in connected.rows if row[0] == "clusters"]
    assert [int(cell) for cell in clusters[1:]] == results["cluster_count"].values.tolist()
    (ratio,) = [row for row in arranged.rows if row[0] == "clustering ratio"]
    value, error = map(float, ratio[1].split(" ± "))
    known = results["clustering_ratio"], results["clustering_ratio_sampling_error"]
    assert (value, error) == pytest.approx(tuple(map(float, known)), rel=0.05)
    assert len(enough.rows) == results.sizes["edge"] + 1
    cells = results["representative_number"].values
    assert [int(cell) for cell in enough.rows[0][1:]] == cells[0].tolist()


def test_methods_and_works_are_those_of_what_was_measured(results):
    assert "Cauchy–Crofton" in methods(results)
    assert any("Kanit" in work for work in citations(results))
    nothing = xr.Dataset({"porosity": 0.2})
    assert "Cauchy" not in methods(nothing)
    assert not any("Kanit" in work for work in citations(nothing))


def test_each_neighbourhood_is_a_number_of_its_own(results):
    found = document(results)["largest_cluster_fraction"]
    for neighbours in (6, 26):
        value = found["case"][f"{neighbours} neighbours"]["value"]
        assert value == float(results["largest_cluster_fraction"].sel(neighbours=neighbours))
    row = next(row for row in rows(results) if row.name == "percolating_phase_fraction")
    assert (row.direction, row.case) == ("z", "6 neighbours")
    assert row.quantity.endswith("6 neighbours")


def test_no_pores_is_no_figure():
    dense = phantoms.uniform((16, 16, 16))
    found = collect(pf.pore_size(dense), pf.connectivity(dense), volume=dense)
    assert not list(structure_cards(found))
    (table,) = tables(found)
    assert table.rows[1][1] == "–" or np.isfinite(float(table.rows[1][1]))
