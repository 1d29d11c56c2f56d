"""The problem: conducting cells, the driven faces, the sides. Axis 0 is always the direction of
transport.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from poreflux.annotations import Sides
from poreflux.schema import DIMS, conductor_of

#: the condition at the two faces across the transport
FaceCondition = Literal["driven", "periodic"]


@dataclass(frozen=True)
class Problem:
    """Steady conduction through a box of voxels, axis 0 along the transport.

    ``cells`` (n0, n1, n2) is uint8 with 1 where a single phase conducts, or float conductivities
    relative to a reference, 0 where blocked. ``spacing`` are the voxel edges of the three axes.
    ``boundary`` is the condition at the two faces across the transport: ``"driven"`` (potential 1
    on the outer face of the first plane, 0 on that of the last) or ``"periodic"`` (a jump of 1).
    ``sides`` are ``"insulated"`` or ``"periodic"``. ``arithmetic`` chooses the arithmetic instead
    of the harmonic mean for faces (partial volumes).
    """

    cells: np.ndarray
    spacing: tuple[float, float, float]
    sides: Sides = "insulated"
    boundary: FaceCondition = "driven"
    arithmetic: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the number of cells along each axis."""
        return self.cells.shape

    @property
    def binary(self) -> bool:
        """Return whether one phase conducts alike everywhere."""
        return self.cells.dtype == np.uint8

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Return which axes are periodic."""
        side = self.sides == "periodic"
        return self.boundary == "periodic", side, side

    def weights(self) -> tuple[float, float, float]:
        """Return the conductance of a face of unit conductivity across each axis, the largest 1.

        A face of area A between cells h apart conducts A / h; all are divided by cell volume /
        (smallest h)².
        """
        smallest = min(self.spacing)
        a, b, c = ((smallest / h) ** 2 for h in self.spacing)
        return a, b, c

    def relative_conductivity(self, conductance: float) -> float:
        """Return the effective conductivity that belongs to a conductance between the driven faces.

        kappa = G L / A, with G in units of :meth:`weights`.
        """
        return relative_conductivity(conductance, self.shape, self.spacing)


@dataclass(frozen=True)
class Medium:
    """The properties of the cells of a Volume.

    ``spacing`` are the voxel edges with axis 0 along the transport; conductivities are relative to
    ``reference``; ``mean`` is their mean over the volume, ``conducting`` the volume fraction that
    conducts at all (of partial voxels their shares), ``arithmetic`` whether faces take the
    arithmetic mean. ``sample`` (n0, n1, n2) is true in the sample, where that is not the whole box;
    the others are fractions of its volume. The cells themselves are passed separately: a solve
    clears those that carry no current.
    """

    spacing: tuple[float, float, float]
    reference: float
    mean: float
    conducting: float
    arithmetic: bool = False
    sample: np.ndarray | None = None

    @property
    def filled(self) -> float:
        """Return the part of the box that is sample."""
        return 1.0 if self.sample is None else float(self.sample.mean())

    @property
    def constant_section(self) -> bool:
        """Return whether the sample has the same section in every plane across the transport."""
        return self.sample is None or bool((self.sample == self.sample[0]).all())

    def face(self, last: bool, shape: tuple[int, ...]) -> np.ndarray:
        """Return which faces (n1, n2) of the last or the first plane of a box are of the sample."""
        if self.sample is None:
            return np.ones(shape[1:], bool)
        return self.sample[-1 if last else 0]


def relative_conductivity(
    conductance: float, shape: tuple[int, int, int], spacing: tuple[float, float, float]
) -> float:
    """Return the effective conductivity that belongs to a conductance between the driven faces, in
    units of :meth:`Problem.weights`.
    """
    n0, n1, n2 = shape
    return conductance * n0 / (n1 * n2) * (spacing[0] / min(spacing)) ** 2


def check_options(sides: str, rtol: float) -> None:
    """Raise ``ValueError`` where the sides or the tolerance of a solve are invalid."""
    if sides not in get_args(Sides):
        raise ValueError(f"sides={sides!r} is not known; choose 'insulated' or 'periodic'")
    if not 1e-14 <= rtol < 1:
        raise ValueError(f"rtol={rtol!r} is not between 1e-14 and 1; 1e-4 gives four digits")


def order(direction: str) -> tuple[str, ...]:
    """Return the dims with the direction of transport first.

    >>> order("y")
    ('y', 'z', 'x')
    """
    if direction not in DIMS:
        raise ValueError(
            f"direction={direction!r} is not a dimension of the volume; choose one of {DIMS}"
        )
    return (direction, *(dim for dim in DIMS if dim != direction))


def conductors(
    labels: Mapping[str, int], conductivity: float | Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return the conductivity of each phase that conducts, by name.

    A number, by default 1, is that of the phase `electrolyte`, or else of the only one that is not
    `pore`, whatever its name.

    Raises
    ------
    ValueError
        where it is not known which of several phases a number belongs to.

    Examples
    --------
    >>> conductors({"pore": 0, "LPSCl": 1}), conductors({"pore": 0, "LPSCl": 1}, 0.1)
    ({'LPSCl': 1.0}, {'LPSCl': 0.1})
    """
    if isinstance(conductivity, Mapping):
        return dict(conductivity)
    value = 1.0 if conductivity is None else float(conductivity)
    name = conductor_of(labels)
    if name is None:
        example = {next((n for n in labels if n != "pore"), "electrolyte"): value}
        raise ValueError(
            f"the volume has the phases {tuple(labels)}, and it is not said which conducts; give "
            f"the conductivity of each that does by name, such as {example}"
        )
    return {name: value}


def conductivities(labels: Mapping[str, int], conductivity: Mapping[str, float]) -> np.ndarray:
    """Return the conductivity of each of 256 labels from the label and the conductivity of phases.

    Raises
    ------
    KeyError, ValueError
        where a name or a value is invalid.
    """
    table = np.zeros(256)
    for phase, value in conductivity.items():
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(
                f"the conductivity of {phase!r} is {value!r}; give a finite number, 0 or more"
            )
        if phase not in labels:
            raise KeyError(f"phase {phase!r} is not in the volume; choose one of {tuple(labels)}")
        table[labels[phase]] = value
    if not table.any():
        raise ValueError(
            f"conductivity={dict(conductivity)} lets nothing conduct; give one of "
            f"{tuple(labels)} a positive value"
        )
    return table


def one_conductor(table: np.ndarray) -> bool:
    """Return whether all conducting labels conduct alike: then one byte a voxel suffices.

    >>> one_conductor(np.array([0.0, 2.0, 2.0]))
    True
    """
    return len(np.unique(table[table > 0])) == 1


def relative(table: np.ndarray) -> np.ndarray:
    """Return conductivities of labels relative to the largest: uint8 where one phase conducts.

    >>> relative(np.array([0.0, 0.5, 1.0])), relative(np.array([0.0, 2.0]))
    (array([0. , 0.5, 1. ]), array([0, 1], dtype=uint8))
    """
    return (table > 0).astype(np.uint8) if one_conductor(table) else table / table.max()


def leave_out(labels: np.ndarray, cells: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Clear the cells that are not sample, in place; return how many of each label they had.

    >>> cells = np.array([1, 1, 0])
    >>> leave_out(np.array([1, 1, 0]), cells, np.array([True, False, False]))[:2], cells
    (array([1, 1]), array([1, 0, 0]))
    """
    cells[~sample] = 0
    return np.bincount(labels[~sample], minlength=256)


def even_periods(cells: np.ndarray, sides: Sides) -> np.ndarray:
    """Return the cells, two periods of them along each periodic side with an odd number: a
    chequerboard closes on even ones.
    """
    if sides == "insulated":
        return cells
    return np.tile(cells, (1, *(1 + n % 2 for n in cells.shape[1:])))
