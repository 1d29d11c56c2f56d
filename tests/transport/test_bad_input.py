"""Misuse is refused before any work, in a sentence that says what came and what to do."""

import numpy as np
import pytest

from poreflux import (
    block_tortuosity,
    dissipation,
    effective_tensor,
    from_array,
    tortuosity_bracket,
    tortuosity_factor,
    tortuosity_profile,
)
from poreflux.errors import DamagedStore, TooLarge
from poreflux.schema import NO_PHASE

SOLVERS = [tortuosity_factor, block_tortuosity, effective_tensor, tortuosity_profile, dissipation]
SIDED = [tortuosity_factor, block_tortuosity, tortuosity_profile, dissipation]


@pytest.fixture
def volume():
    return from_array(np.ones((4, 5, 6), np.uint8))


@pytest.mark.parametrize("solve", SIDED)
@pytest.mark.parametrize("sides", ["open", "", None, "Periodic"])
def test_sides_that_are_not_known(volume, solve, sides):
    with pytest.raises(ValueError, match="is not known; choose 'insulated' or 'periodic'"):
        solve(volume, sides=sides)


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize("rtol", [0, -1e-3, 1, 2.0, 1e-15, np.nan])
def test_tolerances_that_make_no_sense(volume, solve, rtol):
    with pytest.raises(ValueError, match=r"rtol=.* is not between 1e-14 and 1; 1e-4 gives"):
        solve(volume, rtol=rtol)


@pytest.mark.parametrize("solve", [tortuosity_factor, tortuosity_profile, dissipation])
@pytest.mark.parametrize("direction", ["w", "", "zw", 0])
def test_directions_that_are_not_dimensions(volume, solve, direction):
    with pytest.raises(ValueError, match=r"is not a dimension of the volume; choose one of \('z'"):
        solve(volume, direction=direction)


def test_one_of_several_directions_that_is_not_a_dimension(volume):
    with pytest.raises(ValueError, match="direction='w' is not a dimension"):
        block_tortuosity(volume, direction="zw", blocks=(1, 1, 1))


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_conductivities_that_are_no_conductivities(volume, solve, value):
    with pytest.raises(ValueError, match=r"conductivity of 'pore' is .*; give a finite number"):
        solve(volume, conductivity={"electrolyte": 1.0, "pore": value})


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize("conductivity", [{}, {"electrolyte": 0.0}])
def test_conductivities_of_which_nothing_conducts(volume, solve, conductivity):
    with pytest.raises(ValueError, match=r"lets nothing conduct; give one of \('pore', 'electro"):
        solve(volume, conductivity=conductivity)


@pytest.mark.parametrize("solve", SOLVERS)
def test_a_phase_that_is_not_there(volume, solve):
    with pytest.raises(KeyError, match="phase 'binder' is not in the volume; choose one of"):
        solve(volume, conductivity={"binder": 1.0})


@pytest.mark.parametrize("solve", SOLVERS)
def test_a_volume_that_is_not_segmented(solve):
    gray = from_array(np.ones((4, 5, 6)), kind="gray")
    with pytest.raises(KeyError, match=r"no variable 'phase', only \('gray',\); segment it first"):
        solve(gray)


@pytest.mark.parametrize("solve", [tortuosity_factor, effective_tensor])
@pytest.mark.parametrize("precision", ["float16", "double", 64])
def test_a_precision_that_is_not_known(volume, solve, precision):
    with pytest.raises(ValueError, match="is not known; choose 'float32' or 'float64'"):
        solve(volume, precision=precision)


def test_a_geometry_that_is_not_known(volume):
    with pytest.raises(ValueError, match="geometry='smooth' is not known; choose 'voxels' or 'par"):
        tortuosity_factor(volume, geometry="smooth")


@pytest.mark.parametrize("solve", [tortuosity_bracket, tortuosity_factor])
def test_partial_voxels_of_a_volume_without_fractions(volume, solve):
    options = {"geometry": "partial"} if solve is tortuosity_factor else {}
    with pytest.raises(KeyError, match="no variable 'solid_fraction'"):
        solve(volume, **options)


def test_partial_voxels_of_several_conductors(volume):
    volume["solid_fraction"] = volume.phase.astype("float32")
    with pytest.raises(ValueError, match="names several conductors; partial voxels take one"):
        tortuosity_factor(
            volume, geometry="partial", conductivity={"electrolyte": 1.0, "pore": 0.1}
        )


@pytest.mark.parametrize("blocks", [(5, 1, 1), (1, 6, 1), (0, 1, 1), (1, 1, -2)])
def test_more_blocks_than_voxels_or_none(volume, blocks):
    with pytest.raises(
        ValueError, match=r"voxels along [zyx] cannot be cut into .* blocks; give such as"
    ):
        block_tortuosity(volume, blocks=blocks)


@pytest.mark.parametrize("solve", [tortuosity_factor, effective_tensor, tortuosity_profile])
def test_voxels_without_a_phase_are_damage_not_pore(volume, solve):
    volume.phase.values[1, 2, 3] = NO_PHASE
    with pytest.raises(DamagedStore, match=r"1 voxels have no phase \(label 255\); poreflux"):
        solve(volume)


def test_blocks_with_voxels_without_a_phase_are_damage_not_pore(volume):
    volume.phase.values[1, 2, 3] = NO_PHASE
    with pytest.raises(DamagedStore, match=r"voxels in \[0:4, 0:5, 0:6\] have no phase"):
        block_tortuosity(volume, blocks=(1, 1, 1))


@pytest.mark.parametrize("solve", SOLVERS)
def test_a_volume_that_memory_does_not_hold_is_refused_with_numbers(solve):
    dask_array = pytest.importorskip("dask.array")
    huge = from_array(dask_array.zeros((6000, 6000, 6000), chunks=1000, dtype=np.uint8))
    options = {"blocks": (1, 1, 1)} if solve is block_tortuosity else {}
    with pytest.raises(TooLarge, match=r"needs \d+\.\d GiB, \d+\.\d GiB are free; "):
        solve(huge, **options)


@pytest.mark.parametrize("solve", SOLVERS)
def test_options_are_named(volume, solve):
    with pytest.raises(TypeError, match="positional"):
        solve(volume, "z")
