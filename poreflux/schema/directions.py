"""Directions as they are asked for: one, several, or all; and answers along several together."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from poreflux.schema.variables import DIMS, Direction

if TYPE_CHECKING:
    import xarray as xr


def directions_of(direction: str | Sequence[str]) -> tuple[Direction, ...]:
    """Return the directions of ``"z"``, ``"zx"``, ``("z", "x")`` or ``"all"``, each once.

    Raises
    ------
    ValueError
        if there is none, or one that is not z, y or x.

    Examples
    --------
    >>> directions_of("all"), directions_of("x,z"), directions_of(["y"])
    (('z', 'y', 'x'), ('x', 'z'), ('y',))
    """
    several = isinstance(direction, Sequence) and len(direction) > 0
    letters: list[str] = [str(d) for d in (direction if several else [direction])]
    letters = list(DIMS) if direction == "all" else [d for d in letters if d not in (",", " ")]
    wrong = [d for d in letters if d not in DIMS]
    if wrong:
        given = wrong[0] if len(letters) > 1 else direction
        raise ValueError(
            f"direction={given!r} is not a dimension of the volume; choose one of {DIMS}, several "
            "like 'zx', or 'all'"
        )
    return tuple(dim for d in dict.fromkeys(letters) for dim in DIMS if dim == d)


def along_each(
    direction: str | Sequence[str], make: Callable[[Direction], "xr.Dataset"]
) -> "xr.Dataset":
    """Return what is made along one direction, or along several, put together along `direction`.

    Variables without the dim `direction` keep the name that each direction gives them.

    Examples
    --------
    >>> import xarray as xr
    >>> def make(direction):
    ...     return xr.Dataset({"length": ("direction", [1.0])}, coords={"direction": [direction]})
    >>> along_each("zx", make)["direction"].values.tolist()
    ['z', 'x']
    """
    made = [make(one) for one in directions_of(direction)]
    if len(made) == 1:
        return made[0]
    import xarray as xr

    directed = [name for name, values in made[0].items() if "direction" in values.dims]
    others = {name: values for one in made for name, values in one.drop_vars(directed).items()}
    together = xr.concat(
        [one[directed] for one in made], "direction", join="outer", combine_attrs="drop_conflicts"
    )
    return together.assign(others).assign_attrs(made[0].attrs)
