"""Stored volumes and electrodes for tests of the current on many processes."""

from pathlib import Path

import numpy as np
import xarray as xr

import poreflux

PHASES = {0: "pore", 1: "electrolyte", 2: "binder"}
VOXEL = (0.7, 1.0, 1.2)
RTOL = 1e-8

#: two solves to RTOL, whose cycles round in another order; maps are float32
SAME = 1e-6

TWO = {"electrolyte": 0.1, "binder": 0.02}

ONE = {"drive": "equipotential"}

#: a law that takes several steps of Newton's method
STEEP = {"exchange_current_density": 0.001, "transfer_coefficient": 0.3}

#: shape (z, y, x) and the options of :func:`poreflux.interfacial_current`
CASES = {
    "odd": ((33, 14, 17), {"wagner_lengths": [0.0, 2.0, 40.0]}),
    "first face": ((26, 15, 13), {"face": "first", "applied": -0.5, **ONE}),
    "two phases": ((12, 25, 14), {"direction": "y", "conductivity": TWO, "film_resistance": 0.3}),
    "along x": ((13, 12, 30), {"direction": "x", "kinetics": "linear", **ONE}),
    "primary": ((21, 18, 9), {"kinetics": "primary", "charge_transfer_resistance": None}),
    "steep": ((18, 11, 12), {**STEEP, "applied": 20.0}),
    "steep from one potential": ((18, 12, 11), {**STEEP, "applied": -9.0, **ONE}),
    "thin": ((7, 16, 15), {"contact": 0.6}),
    "blocked": ((12, 11, 10), {"wagner_lengths": [1.0]}),
}


def save_all(folder: Path) -> None:
    """Save the volume of each case: random sites of two phases, one electrode detached in parts."""
    rng = np.random.default_rng(12)
    for name, (shape, _) in CASES.items():
        labels = (rng.random(shape) < 0.8).astype(np.uint8)
        labels[(rng.random(shape) < 0.15) & (labels == 1)] = 2
        if name == "blocked":
            labels[5] = 0
        volume = poreflux.from_array(labels, voxel_size=VOXEL, phases=PHASES)
        poreflux.save(volume, folder / f"{name}.zarr", chunk=16)


def options_of(name: str) -> dict:
    """Return the options of one case."""
    return {"rtol": RTOL, "contact": 0.85, **CASES[name][1]}


#: what counts the way to the answer, or what is left of it, and may differ
WAY = ("current_iterations", "current_mismatch", "current_residual", "current_flux_imbalance")


def assert_same(found: xr.Dataset, expected: xr.Dataset) -> None:
    """Compare all there is: coordinates, attributes, maps and numbers."""
    assert set(found.variables) == set(expected.variables)
    for name, values in expected.variables.items():
        assert found[name].dims == expected[name].dims
        assert _plain(found[name].attrs) == _plain(values.attrs), name
        way = name.removeprefix("sweep_") in WAY or name.endswith("_solver_error")
        if values.dtype.kind in "fi" and not way:
            size = np.abs(values.values[np.isfinite(values.values)]).max(initial=0)
            close = {"rtol": SAME, "atol": 1e-9 * size, "err_msg": name}
            np.testing.assert_allclose(found[name].values, values, **close)
        elif values.dtype.kind not in "fi":
            np.testing.assert_array_equal(found[name].values, values)


def _plain(attributes) -> dict:
    return {key: np.asarray(value).tolist() for key, value in attributes.items()}
