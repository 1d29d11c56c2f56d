"""What is known of a variable before it has values, and how its name tells its direction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: fill value of stored phase labels; it is no label, so that a lost chunk cannot read as pore
NO_PHASE = 255

Direction = Literal["z", "y", "x"]

DIMS: tuple[Direction, Direction, Direction] = ("z", "y", "x")

Dims = tuple[str, ...]

#: dims of a line along each direction, and of a plane across it
ALONG: dict[Direction, Dims] = {"z": ("z",), "y": ("y",), "x": ("x",)}
ACROSS: dict[Direction, Dims] = {"z": ("y", "x"), "y": ("z", "x"), "x": ("z", "y")}

#: what ends the name of a number on much finer voxels, and what it is called
DISCRETISATION_ENDS = (
    ("discretisation_low", "least on finer voxels"),
    ("discretisation_high", "most on finer voxels"),
    ("extrapolated", "extrapolated to voxels of size zero"),
)

#: what ends the name of an error of a number, or of the number as errors move it
ERROR_ENDS = (
    *(
        f"{kind}_{end}"
        for kind in ("sampling", "discretisation", "segmentation", "solver")
        for end in ("error", "low", "high")
    ),
    "extrapolated",
)


@dataclass(frozen=True)
class Variable:
    """One variable of a Volume or of Results.

    ``kind`` is the NumPy dtype kind (``"f"``, ``"i"``, ``"u"``, ``"b"``, ``"U"``), or several of
    them; ``units`` are readable by pint, ``"1"`` where there is none, empty of labels.
    """

    dims: Dims
    kind: str
    units: str
    long_name: str


def name_of(quantity: str, direction: str) -> str:
    """Return the name of a quantity that has a variable of its own for each direction.

    Along or across z it is the quantity alone, else the direction is appended. Of quantities over
    the dim `direction` the name is the same for all.

    Parameters
    ----------
    quantity
        such as ``"porosity_profile"``.
    direction
        ``"z"``, ``"y"`` or ``"x"``.

    Raises
    ------
    ValueError
        if the direction is none of these.

    Examples
    --------
    >>> name_of("porosity_profile", "z"), name_of("porosity_profile", "y")
    ('porosity_profile', 'porosity_profile_y')
    """
    if direction not in DIMS:
        raise ValueError(
            f"direction={direction!r} is not a dimension of the volume; choose one of {DIMS}"
        )
    return quantity if direction == "z" else f"{quantity}_{direction}"


def by_direction(
    quantity: str, dims: Mapping[Direction, Dims], kind: str, units: str, long_name: str
) -> dict[str, Variable]:
    """Return the variables of a quantity for each direction, its dims in `dims`.

    Examples
    --------
    >>> list(by_direction("structure_factor", ACROSS, "f", "1", "structure factor along {}"))
    ['structure_factor', 'structure_factor_y', 'structure_factor_x']
    """
    return {
        name_of(quantity, along): Variable(dims[along], kind, units, long_name.format(along))
        for along in DIMS
    }
