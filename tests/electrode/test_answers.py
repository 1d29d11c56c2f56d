"""What interfacial_current answers where nothing flows, what it refuses, and what it writes."""

import json

import numpy as np
import pytest

from poreflux import blocks, from_array, interfacial_current, open, phantoms, save, store, verify
from poreflux.errors import NotConverged, StoreExists, TooLarge, UnreadableImage
from poreflux.transport.electrode import newton as electrode
from poreflux.transport.electrode.dataset import STATES
from poreflux.transport.electrode.interfacial_current import memory
from tests.electrode.cells import electrolyte

CUBE = phantoms.uniform((6, 8, 10))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"contact": 0.0}, "contact fraction 0.0 is not above 0"),
        ({"contact": 1.2}, "contact fraction 1.2 is not above 0 and at most 1"),
        ({"contact": -0.1}, "contact fraction"),
        ({"contact": float("nan")}, "contact fraction nan"),
        (
            {"contact": np.ones((3, 3), bool)},
            r"has shape \(3, 3\); the face across z has \(8, 10\)",
        ),
        ({"contact": np.zeros((8, 10), bool)}, "no face in contact"),
        ({"contact": np.full((8, 10), 0.5)}, "values other than 0 and 1"),
        ({"charge_transfer_resistance": -1.0}, "charge_transfer_resistance=-1.0 is not"),
        ({"exchange_current_density": 0.0}, "exchange_current_density=0.0 is not a positive"),
        (
            {"charge_transfer_resistance": 1.0, "exchange_current_density": 1.0},
            "say the same thing twice",
        ),
        ({"kinetics": "primary", "charge_transfer_resistance": 1.0}, "primary kinetics have no"),
        ({"kinetics": "tafel"}, "kinetics='tafel' is not known; choose one of"),
        ({"temperature": 0.0}, "temperature=0.0 is not above 0 K"),
        ({"temperature": -5.0}, "temperature=-5.0"),
        ({"film_resistance": -0.1}, "film_resistance=-0.1 is not"),
        ({"transfer_coefficient": 1.0}, "transfer_coefficient=1.0 is not between 0 and 1"),
        ({"drive": "voltage"}, "drive='voltage' is not known; choose one of"),
        ({"face": "top"}, "face='top' is not known; choose one of"),
        ({"direction": "w"}, "direction='w' is not a dimension"),
        ({"applied": 0.0}, "applied=0.0 is no current"),
        ({"conductivity": -0.1}, "conductivity of 'electrolyte' is -0.1"),
        ({"conductivity": 0.0}, "lets nothing conduct"),
        ({"wagner_lengths": [1.0, -2.0]}, "Wagner length -2.0 is not"),
        ({"wagner_lengths": [1.0, 1.0]}, "has one twice"),
        ({"rtol": 0.5}, "rtol=0.5 is not between"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(options, words, monkeypatch):
    def never(*_):
        raise AssertionError("work began")

    monkeypatch.setattr("poreflux.transport.electrode.interfacial_current.read_medium", never)
    with pytest.raises(ValueError, match=words) as refused:
        interfacial_current(CUBE, **options)
    assert "\n" not in str(refused.value)


def test_a_phase_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="'binder' is not in the volume"):
        interfacial_current(CUBE, conductivity={"binder": 1.0})


def test_a_mask_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UnreadableImage, match="is not there"):
        interfacial_current(CUBE, contact=tmp_path / "mask.tif")
    (tmp_path / "bad.npy").write_bytes(b"no array")
    with pytest.raises(UnreadableImage, match="cannot be read as an image"):
        interfacial_current(CUBE, contact=tmp_path / "bad.npy")


def test_more_than_fits_is_refused_with_numbers(monkeypatch):
    monkeypatch.setattr(blocks.memory, "free_memory", lambda: 1000)
    with pytest.raises(TooLarge, match="the current through 6x8x10 voxels needs"):
        interfacial_current(CUBE)


def test_each_option_that_keeps_a_vector_is_counted():
    shape = (100, 100, 100)
    assert memory(shape, drive="equipotential") - memory(shape) == 4 * 100**3
    assert memory(shape, binary=False) > memory(shape)


def test_without_a_connection_no_current_is_possible():
    labels = np.ones((8, 6, 5), np.uint8)
    labels[4] = 0
    found = interfacial_current(from_array(labels), contact=1.0)
    assert np.isnan(found.current_density).all()
    assert found.contact_fraction[0] == 0
    assert found.carrying_fraction[0] == 0
    assert found.unconnected_contact_fraction[0] == 1
    assert np.isinf(found.area_specific_resistance[0])
    assert np.isnan(found.current_density_mean[0])


def test_contact_with_an_island_alone_carries_nothing():
    labels = np.ones((8, 6, 6), np.uint8)
    labels[:, 3] = 0
    labels[3, 4:] = 0
    contact = np.zeros((6, 6), bool)
    contact[4:] = True
    found = interfacial_current(from_array(labels), contact=contact)
    assert found.contact_fraction[0] == 0
    assert found.unconnected_contact_fraction[0] == pytest.approx(2 / 6)


def test_electrolyte_that_carries_nothing_changes_nothing():
    labels = np.ones((10, 9, 8), np.uint8)
    labels[:, 4] = 0
    bare = labels.copy()
    labels[6, 5:] = 0  # the half y > 4 is cut: its upper part touches the electrode only
    bare[:, 5:] = 0
    found, expected = (
        interfacial_current(from_array(each), contact=1.0) for each in (labels, bare)
    )
    np.testing.assert_allclose(found.current_density, expected.current_density, rtol=1e-6)
    assert found.unconnected_contact_fraction[0] == pytest.approx(4 / 9)
    assert found.carrying_fraction[0] == pytest.approx(4 / (8 - 4 / 10))
    state = found.interface_state.values
    assert [STATES[i] for i in (state[0, 0], state[4, 0], state[5, 0])] == [
        "reacting", "pore", "unconnected",
    ]  # fmt: skip


def test_a_face_off_contact_is_called_detached():
    contact = np.ones((8, 10), bool)
    contact[0, 0] = False
    found = interfacial_current(CUBE, contact=contact)
    assert STATES[int(found.interface_state[0, 0])] == "detached"
    assert np.isnan(found.current_density[0, 0])


def test_choices_are_printed_as_choices():
    note = interfacial_current(CUBE).current_density.attrs
    assert note["exchange_current_density"] == pytest.approx(32.1, abs=0.1)
    assert note["contact_model"] == "patches"
    assert "choices" in note["choices"]
    assert note["conductivity"] == 0.1
    json.dumps({key: value for key, value in note.items() if key != "flag_values"})


def test_progress_is_told(tmp_path):
    told = []
    interfacial_current(CUBE, progress=lambda *args: told.append(args))
    assert told
    assert all(0 <= done <= total for done, total, _ in told)
    assert any("Newton step" in note for _, _, note in told)


def test_a_solver_that_stalls_says_so(monkeypatch):
    monkeypatch.setattr(electrode, "MAX_STEPS", 1)
    with pytest.raises(NotConverged, match="after 1 steps of Newton's method"):
        interfacial_current(phantoms.random_sites((8, 8, 8), 0.2), exchange_current_density=0.01)


@pytest.mark.parametrize("direction", ["z", "y", "x"])
def test_fields_of_a_slab_are_a_ramp_and_a_constant(tmp_path, direction):
    target = save(electrolyte((12, 10, 8), 0.5), tmp_path / "vol.zarr", chunk=(6, 5, 8))
    volume = open(target)
    found = interfacial_current(volume, contact=1.0, direction=direction, field=target, rtol=1e-8)
    density = store.read_box(target, "cell_current_density")
    np.testing.assert_allclose(density, 1.0, rtol=1e-6)
    potential = np.moveaxis(store.read_box(target, "cell_potential"), "zyx".index(direction), 0)
    n = len(potential)
    depth = (n - np.arange(n) - 0.5) * 0.5e-6
    expected = 10 * depth / 0.1 + 10 * 0.8e-4 * 0.99995
    np.testing.assert_allclose(potential[:, 0, 0], expected, rtol=1e-4)
    assert np.ptp(potential, axis=(1, 2)).max() < 1e-9
    assert not verify(target)
    end = "" if direction == "z" else f"_{direction}"
    np.testing.assert_allclose(found[f"current_section{end}"], 1.0, rtol=1e-6)


def test_fields_are_refused_before_any_work(tmp_path):
    target = save(CUBE, tmp_path / "vol.zarr")
    interfacial_current(open(target), field=target)
    interfacial_current(open(target), field=target)
    for other in ({"direction": "y"}, {"conductivity": 2.0}, {"applied": 3.0}):
        with pytest.raises(StoreExists, match="has 'cell_current_density' already"):
            interfacial_current(open(target), field=target, **other)
    other = save(electrolyte((4, 4, 4)), tmp_path / "other.zarr")
    with pytest.raises(ValueError, match="give the store of this volume"):
        interfacial_current(open(target), field=other)


def test_the_section_shows_the_current_of_the_middle(rng):
    volume = phantoms.random_sites((9, 8, 7), 0.2, seed=4)
    found = interfacial_current(volume)
    section = found.current_section
    assert section.dims == ("z", "x")
    assert section.attrs["position"] == float(volume.y[4])
    pores = volume.phase.values[:, 4] == 0
    assert np.isnan(section.values[pores]).all()


def test_every_cell_and_every_plane_is_balanced():
    found = interfacial_current(phantoms.random_sites((30, 20, 20), 0.25, seed=1))
    assert float(found.current_mismatch[0]) < 1e-9
    assert float(found.current_flux_imbalance[0]) < 1e-6
    assert float(found.current_residual[0]) < 1e-4
    assert int(found.newton_steps[0]) <= 6
