"""What is solved: conducting cells, the driven faces, the sides. Axis 0 is always the direction of
transport.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from poreflux.schema import DIMS


@dataclass(frozen=True)
class Problem:
    """Steady conduction through a box of voxels, axis 0 along the transport.

    ``cells`` (n0, n1, n2) is uint8 with 1 where a single phase conducts, or float conductivities
    relative to a reference, 0 where blocked. ``spacing`` are the voxel edges of the three axes.
    ``ends`` says what happens at the two faces across the transport: ``"driven"`` (potential 1 on
    the outer face of the first plane, 0 on that of the last) or ``"periodic"`` (a jump of 1).
    ``sides`` are ``"insulated"`` or ``"periodic"``. ``arithmetic`` chooses the arithmetic instead
    of the harmonic mean for faces (partial volumes).
    """

    cells: np.ndarray
    spacing: tuple[float, float, float]
    sides: str = "insulated"
    ends: str = "driven"
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
        return self.ends == "periodic", side, side

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
        n0, n1, n2 = self.shape
        return conductance * n0 / (n1 * n2) * (self.spacing[0] / min(self.spacing)) ** 2


def validated(sides: str, rtol: float) -> None:
    """Raise ``ValueError`` where the sides or the tolerance of a solve make no sense."""
    if sides not in ("insulated", "periodic"):
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


def conductivities(labels: Mapping[str, int], conductivity: Mapping[str, float]) -> np.ndarray:
    """Return the conductivity of each of 256 labels from the label and the conductivity of phases.

    Raises
    ------
    KeyError, ValueError
        where a name or a value makes no sense.
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
