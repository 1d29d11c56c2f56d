"""What would fail is named before any work, for every sample."""

import numpy as np
import pytest
import tifffile

import poreflux as pf
from poreflux.study.checking import check
from poreflux.study.study import Study
from tests.study.conftest import QUICK, samples

GRAY = '[[samples]]\nname = "g"\npath = "gray.tif"\nvoxel_size = 0.5\n'


@pytest.fixture
def gray(tmp_path, rng):
    tifffile.imwrite(tmp_path / "gray.tif", rng.integers(0, 255, (12, 14, 16), np.uint8))


def problems(path):
    return {found.name: found.problems for found in check(Study(path))}


def test_nothing_stands_against_samples_that_run(write, gray):
    found = check(Study(write(QUICK + samples(a="fine_100") + GRAY)))
    assert [sample.problems for sample in found] == [[], []]
    assert (found[1].shape, found[1].voxel_size) == ((12, 14, 16), (0.5, 0.5, 0.5))
    assert found[1].phases == ("pore", "electrolyte")


def test_each_sample_that_would_fail_is_named_and_the_others_are_opened(write, gray):
    lost = '[[samples]]\nname = "lost"\npath = "nowhere.tif"\n'
    found = problems(write(QUICK + lost + GRAY.replace("voxel_size = 0.5", "") + samples(a="b")))
    assert "nowhere.tif is not there" in found["lost"][0]
    assert "voxel" in found["g"][0]
    assert "preset='b' is not a preset; choose one of regular_100" in found["a"][0]


def test_a_store_has_its_own_voxels(write, tmp_path):
    volume = pf.phantoms.random_sites((12, 12, 12), 0.2)
    pf.save(volume.assign_attrs(voxel_size=[2.0] * 3), tmp_path / "v.zarr")
    for size, found in (("2.0", []), ("0.5", ["voxel_size=0.5 is not that of the store v.zarr"])):
        path = write(QUICK + f'[[samples]]\nname = "a"\npath = "v.zarr"\nvoxel_size = {size}\n')
        assert [said.split(",")[0] for said in problems(path)["a"]] == found


def test_an_edge_in_nanometres_is_doubted_though_it_is_possible(write, gray):
    (found,) = check(Study(write(QUICK + GRAY.replace("voxel_size = 0.5", "voxel_size = 500"))))
    assert found.problems == []
    assert any("500 µm is unusual" in note and "not nm or mm" in note for note in found.notes)


SECTIONS = {
    "[tortuosity]\nblocks = [13, 1, 1]": "tortuosity.blocks=.13, 1, 1. are more than the 12 x 14",
    "[measure]\nedges = [40.0]": "measure.edges=40 is longer than the volume; give up to 6",
    "[tortuosity]\nedges = [40.0]": "edges=40 is not the edge of a cube",
    '[measure]\nphase = "void"': "measure.phase='void' is none of the phases pore, electrolyte",
    "[current]\nconductivity = {LPSCl = 0.1}": "current.conductivity: .*LPSCl",
    '[measure]\nconducting = "void"': "measure.conducting='void' is none of the phases pore, elec",
    "[current]\ncharge_transfer_resistance = 2.0\nexchange_current_density = 1.0": (
        "current: charge_transfer_resistance=2.0 and .* say the same thing twice; give one"
    ),
    "[current]\napplied = 0.0": "current: applied=0.0 is no current",
    "[current]\nwagner_lengths = [8.0, 8.0]": "current: wagner_lengths=.* has one twice; give each",
    '[segmentation]\nmethod = "threshold"': "threshold",
    '[segmentation]\nmethod = "multi-otsu"': "multi-otsu needs the phases",
    '[segmentation]\nphases = {"a" = "pore", "1" = "solid"}': "write labels as whole numbers",
    '[tortuosity]\ngeometry = "partial"': "needs segmentation.solid_fraction=true",
    '[resources]\nprocesses = 2\n[current]\nresolution = "both"': "'both' is solved in one process",
}


@pytest.mark.parametrize("section", SECTIONS)
def test_options_that_do_not_fit_a_sample_are_found(section, write, gray):
    found = problems(write(section + "\n" + GRAY))
    assert len(found["g"]) == 1
    with pytest.raises(AssertionError, match=SECTIONS[section]):
        raise AssertionError(found["g"][0])


def test_check_reads_no_voxels(write, monkeypatch):
    monkeypatch.setattr(
        "poreflux.phantoms.oblate.OblatePores.pores", lambda *_: pytest.fail("voxels were made")
    )
    assert problems(write(QUICK + samples(a="fine_100", b="regular_500"))) == {"a": [], "b": []}
