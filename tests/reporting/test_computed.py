"""Methods text and provenance say what ran, and of each variant what differed."""

import re

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results
from poreflux.reporting.computed import computed, computed_instead
from poreflux.reporting.methods import methods
from poreflux.reporting.report import render, report

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have a Zarr V3 specification")


@pytest.fixture(scope="module")
def volume():
    return pf.phantoms.random_sites((16, 16, 16), 0.2)


@pytest.fixture(scope="module")
def path(volume, tmp_path_factory):
    """Solved along all directions, and along z with pores that conduct and periodic sides."""
    path = tmp_path_factory.mktemp("computed") / "r.zarr"
    insulated = [pf.tortuosity_factor(volume, direction=d, rtol=1e-4) for d in "zyx"]
    blocks = pf.block_tortuosity(volume, blocks=(4, 2, 1), direction="zx")
    cubes = pf.representative_tortuosity({4.0: pf.block_tortuosity(volume, blocks=(4, 4, 4))})
    mask = pf.contact_mask(volume, fraction=0.8, length=3.0, seed=5)
    current = pf.interfacial_current(
        volume, contact=mask, wagner_lengths=[1, 4], resolution="both", blocks=(2, 2, 2),
        film_resistance=0.3, rtol=1e-3,
    )  # fmt: skip
    measured = pf.porosity(volume), pf.block_porosity(volume, blocks=(4, 2, 1))
    results.update(pf.collect(*measured, pf.structure_factor(volume), volume=volume), path)
    results.update(pf.collect(*insulated, volume=volume), path)
    results.update(pf.collect(blocks, cubes, current, volume=volume), path)
    leaky = {"electrolyte": 1.0, "pore": 0.5}
    solved = pf.tortuosity_factor(volume, conductivity=leaky, sides="periodic", rtol=1e-4)
    results.update(pf.collect(solved, volume=volume), path)
    return path


@pytest.fixture(scope="module")
def text(path):
    return methods(pf.open_results(path), variants=pf.open_variants(path))


def test_the_text_claims_no_parameters_of_one_direction_for_all(text):
    first, _, other = text.partition("For variant ")
    assert "along z, y and x follows" in first
    assert "insulated sides" in first
    assert "periodic" not in first
    assert "pore 0.5" not in first
    assert "pore 0.5" in other
    assert "along z follows" in other
    assert "periodic sides" in other
    assert "insulated" not in other


@pytest.mark.parametrize(
    "said",
    [
        "4 × 2 × 1 sub-volumes along z and x was computed in the same way, to a relative error",
        "the last face across z",
        "the electrolyte (0.1 S/m)",
        "behind a film of 0.3 Ω cm²",
        "80.08 % of the face in contact (mask: patches, correlation length 3 µm, seed 5)",
        "at Wagner lengths of 1 and 4 µm",
        "2 × 2 × 2 blocks across z",
    ],
)
def test_the_text_says_what_was_solved(text, said):
    assert said in text


def test_provenance_lists_what_ran_with_its_parameters(path):
    entries = {entry["operation"]: entry for entry in computed(pf.open_results(path))}
    assert entries["block_porosity"]["blocks"] == [4, 2, 1]
    assert entries["structure_factor"]["variant"] == "signed"
    assert entries["tortuosity_factor"] == {
        "operation": "tortuosity_factor", "direction": "zyx", "sides": "insulated",
        "conductivity": {"electrolyte": 1.0}, "geometry": "voxels", "rtol": 1e-4,
    }  # fmt: skip
    assert entries["block_tortuosity"]["direction"] == "zx"
    current = entries["interfacial_current"]
    assert (current["contact_fraction"], current["contact_seed"]) == (0.8, 5)
    assert (current["kinetics"], current["drive"], current["rtol"]) == (
        "butler-volmer", "flux", 1e-3,
    )  # fmt: skip
    assert current["wagner_lengths"] == [1, 4]


def test_a_variant_tells_what_was_computed_for_it_alone(path):
    (entry,) = computed_instead(pf.open_variants(path)[1])
    assert entry["operation"] == "tortuosity_factor"
    assert (entry["direction"], entry["sides"]) == ("z", "periodic")


def test_the_page_has_a_table_for_each_variant(path, tmp_path):
    page = report(path, tmp_path / "r.html").read_text(encoding="utf-8")
    table = page.partition('id="variant-1"')[2].partition("</table>")[0]
    assert "conductivity electrolyte 1 pore 0.5, sides periodic" in table
    assert "tortuosity factor" in table
    assert ">porosity<" not in table
    assert "tortuosity_factor, variant 1" in page.partition('id="provenance"')[2]


def test_the_current_stands_in_the_first_table_and_on_the_cards(path):
    page = render(pf.open_results(path))
    cards = page.partition('<dl class="key">')[2].partition("</dl>")[0]
    assert "coefficient of variation of the current density along z" in cards
    assert "area-specific resistance" in cards
    table = page.partition('id="numbers"')[2].partition("</table>")[0]
    assert "99th percentile of the current density" in re.sub("<[^>]+>", " ", table)


@pytest.mark.parametrize(
    ("whole", "way"),
    [
        ({"geometry": "voxels"}, "in the same way, to a relative error of 0.001."),
        ({"geometry": "partial"}, "in the same way, but on voxels that conduct by their phase, to"),
        (None, "along z was computed in this way, to a relative error of 0.001."),
    ],
)
def test_sub_volumes_are_said_to_be_solved_as_they_were(whole, way):
    grid = ("direction", "block_z", "block_y", "block_x")
    blocks = (grid, np.ones((1, 2, 1, 1)), {"rtol": 1e-3, "sides": "periodic"})
    results = xr.Dataset({"block_tortuosity_factor": blocks}, {"direction": ["z"]})
    if whole is not None:
        results["tortuosity_factor"] = ("direction", [1.1], whole)
    text = methods(results)
    assert way in text
    assert text.count("Laplace's equation was solved") == 1
