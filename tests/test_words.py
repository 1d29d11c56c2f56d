"""One medium, one set of words: what conducts, where a volume is wanted, which axis is thin."""

import inspect

import numpy as np
import pytest

import poreflux as pf

TAKES_VOLUME = [
    name
    for name in pf.__all__
    if callable(getattr(pf, name))
    and next(iter(inspect.signature(getattr(pf, name)).parameters), "") == "volume"
]

#: of arguments without a default
WANTED = {
    "store": "v.zarr", "blocks": (2, 2, 2), "edges": (4.0,), "capacities": [1.0], "supply": 0.2,
    "critical_gap": 1.0,
}  # fmt: skip


def arguments(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    given = {p.name for p in parameters if p.default is p.empty and p.kind != p.VAR_KEYWORD}
    return {name: WANTED.get(name, {}) for name in given}


@pytest.mark.parametrize("name", TAKES_VOLUME)
def test_an_array_in_the_place_of_a_volume_is_told_how_to_become_one(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = getattr(pf, name)
    with pytest.raises(TypeError, match=r"got a ndarray of shape \(4, 4, 4\).*from_array"):
        function(np.ones((4, 4, 4), np.uint8), **arguments(function))


def volume(names, seed=0):
    labels = np.random.default_rng(seed).integers(0, len(names), (8, 8, 8), np.uint8)
    return pf.from_array(labels, phases=dict(enumerate(names)))


SOLVES = {
    "factor": pf.tortuosity_factor,
    "profile": pf.tortuosity_profile,
    "dissipation": pf.dissipation,
    "blocks": lambda volume, **kw: pf.block_tortuosity(volume, blocks=(1, 1, 2), **kw),
    "tensor": pf.effective_tensor,
    "current": pf.interfacial_current,
}


@pytest.mark.parametrize("name", SOLVES)
def test_the_only_solid_conducts_whatever_its_name(name):
    solve = SOLVES[name]
    named, usual = volume(("pore", "LPSCl")), volume(("pore", "electrolyte"))
    for array, expected in zip(solve(named).values(), solve(usual).values(), strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("name", SOLVES)
def test_the_electrolyte_among_several_conducts(name):
    several = volume(("pore", "binder", "electrolyte"))
    value = {"electrolyte": 0.1 if name == "current" else 1.0}
    for array, expected in zip(
        SOLVES[name](several).values(), SOLVES[name](several, conductivity=value).values(),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("name", SOLVES)
def test_which_of_several_conducts_is_asked_for(name):
    with pytest.raises(ValueError, match=r"it is not said which conducts; .* such as {'LPSCl'"):
        SOLVES[name](volume(("pore", "LPSCl", "binder")))


@pytest.mark.parametrize("counts, dim", [((1, 2, 3), "x"), ((4, 2, 2), "z"), ((1, 9, 1), "y")])
def test_a_thin_volume_names_the_axis_that_cannot_be_cut(counts, dim):
    thin = pf.phantoms.uniform((3, 8, 2))
    with pytest.raises(ValueError, match=f"voxels along {dim} cannot be cut"):
        pf.block_tortuosity(thin, blocks=counts)


def test_all_directions_have_one_word():
    sample = volume(("pore", "electrolyte"))
    every = pf.block_tortuosity(sample, blocks=(1, 1, 1), direction="all")
    assert every["direction"].values.tolist() == ["z", "y", "x"]
