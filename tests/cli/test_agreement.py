"""What the command line and the Python functions behind it call a thing, and take by default."""

import inspect
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux.cli.app import VERBS
from poreflux.phantoms import random_sites
from poreflux.store.saving import saved
from poreflux.transport.electrode.conditions import law_of
from poreflux.transport.electrode.options import Solver
from poreflux.transport.parallel.tortuosity_factor import solve_tortuosity

#: where a command runs, what it prints and where it writes
OF_THE_COMMAND = {
    "json", "dry_run", "debug", "wait", "out", "also", "only", "table", "labels",
    "no_discretisation", "digits", "dissipation", "tau", "solid_fraction", "cupping", "rings",
    "drift", "tilt", "solver", "scratch", "petsc", "checkpoint", "minutes", "check", "field",
    "scheduler", "replace",
}  # fmt: skip

#: the functions that a verb calls
FUNCTIONS = {
    "import": [pf.read, saved],
    "segment": [
        pf.segment, pf.region_of_interest, pf.correct_tilt, pf.correct_drift, pf.correct_cupping,
        pf.correct_rings, pf.save,
    ],
    "measure": [
        pf.porosity, pf.porosity_profile, pf.block_porosity, pf.structure_factor, pf.pore_size,
        pf.chord_length, pf.connectivity, pf.surface_area, pf.two_point_correlation,
        pf.spectral_density, pf.arrangement, pf.representative_volume, pf.preview, pf.save,
    ],
    "tortuosity": [pf.tortuosity_factor, pf.block_tortuosity, solve_tortuosity, pf.save,
        pf.representative_volume],
    "current": [pf.interfacial_current, law_of, Solver, pf.save],
}  # fmt: skip

#: an option whose name says more than that of the parameter, since a verb calls many functions
LONGER = {
    "conducting": [(pf.geodesic_tortuosity, "phase"), (pf.constrictivity, "phase")],
    "pore_method": [
        (pf.pore_size, "method"), (pf.pore_table, "method"), (pf.pore_labels, "method"),
        (pf.arrangement, "method"),
    ],
    "roi": [(pf.region_of_interest, "cylinder")],
    "contact_model": [(pf.contact_mask, "model")],
    "contact_seed": [(pf.contact_mask, "seed")],
    "contact_size": [(pf.contact_mask, "length"), (pf.contact_mask, "diameter")],
}  # fmt: skip

#: defaults that are written in another way, option and function; None: the one of its parameter
IN_OTHER_WORDS = {
    ("roi", "region_of_interest"): ("none", None),  # leaves the step out
    ("denoise", "segment"): ("none", None),
    ("rtol", "tortuosity_factor"): (None, 1e-6),  # unless --digits says otherwise
    ("rtol", "solve_tortuosity"): (None, 1e-6),
    ("rtol", "block_tortuosity"): (None, 1e-4),  # of sub-volumes in both
    ("blocks", "block_tortuosity"): (None, (4, 4, 4)),  # made where they are asked for
    ("blocks", "block_porosity"): (None, (4, 4, 4)),  # fewer where a volume is thinner
    ("blocks", "interfacial_current"): ("4,4,4", (4, 4, 4)),
    ("contact", "interfacial_current"): ("0.9306", 0.9306),
    ("conductivity", "interfacial_current"): ("0.1", 0.1),
    ("wagner_lengths", "interfacial_current"): (None, ()),
    ("direction", "chord_length"): ("z", "all"),  # the option is of profile and structure factor
    ("contact_size", "contact_mask"): (None, None),
}


def verbs():
    return {app.name[0]: app for app in VERBS}


def options_of(verb):
    """Return the default of each option of a verb, also of those in groups."""
    found = {}
    for name, parameter in inspect.signature(verbs()[verb].default_command).parameters.items():
        if is_dataclass(parameter.default):
            group = parameter.default
            found |= {field.name: getattr(group, field.name) for field in fields(group)}
        elif parameter.kind is parameter.KEYWORD_ONLY:
            found[name] = parameter.default
    return found


def default_of(function, name):
    return inspect.signature(function).parameters[name].default


def pairs():
    """Yield each option with each function of its verb that has a parameter of that name."""
    for verb in FUNCTIONS:
        for option, default in options_of(verb).items():
            if option in OF_THE_COMMAND:
                continue
            here = [
                (f, option) for f in FUNCTIONS[verb] if option in inspect.signature(f).parameters
            ]
            for function, name in LONGER.get(option, here):
                yield verb, option, default, function, name


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_every_option_is_a_parameter_of_a_function(verb):
    known = {option for v, option, *_ in pairs() if v == verb}
    assert set(options_of(verb)) - OF_THE_COMMAND - known == set()


@pytest.mark.parametrize("verb, option, default, function, name", list(pairs()))
def test_an_option_and_its_parameter_have_one_default(verb, option, default, function, name):
    typed, taken = IN_OTHER_WORDS.get((option, function.__name__), (default, default))
    assert default == typed
    if option != "contact_size":  # whose default depends on the model
        assert default_of(function, name) == taken


SOLVES = {
    "factor": pf.tortuosity_factor,
    "blocks": lambda volume, **kw: pf.block_tortuosity(volume, blocks=(2, 1, 1), **kw),
    "profile": pf.tortuosity_profile,
    "current": pf.interfacial_current,
    "porosity": pf.porosity_profile,
    "structure": pf.structure_factor,
    "chords": pf.chord_length,
}


@pytest.mark.parametrize("name", SOLVES)
@pytest.mark.parametrize("direction", ["all", "xz", ("x", "z")])
def test_several_directions_are_those_one_by_one(name, direction):
    volume = random_sites((8, 9, 10), 0.15)
    together = pf.collect(SOLVES[name](volume, direction=direction))
    each = [SOLVES[name](volume, direction=d) for d in ("zyx" if direction == "all" else "xz")]
    xr.testing.assert_identical(
        together.drop_attrs(deep=False), pf.collect(*each).drop_attrs(deep=False)
    )


@pytest.mark.parametrize("solve", [pf.tortuosity_factor, pf.interfacial_current])
def test_a_field_is_of_one_direction(solve, tmp_path):
    with pytest.raises(ValueError, match="a field is of one direction, not of z, x; give one"):
        solve(random_sites((6, 6, 6), 0.1), direction="zx", field=tmp_path)


def test_a_contact_drawn_on_one_face_is_not_taken_for_all():
    with pytest.raises(ValueError, match="contact is a mask of one face"):
        pf.interfacial_current(
            random_sites((6, 6, 6), 0.1), direction="all", contact=np.ones((6, 6), bool)
        )
