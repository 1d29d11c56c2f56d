"""How a number was solved for, from the attributes that its solver gave it."""

from collections.abc import Sequence
from typing import Any

import xarray as xr

from poreflux.schema.attribute_text import parsed
from poreflux.volume import require


def solve_options(
    solved: xr.Dataset, name: str, options: Sequence[str], function: str
) -> dict[str, Any]:
    """Return the options of a solve, from the attributes of a variable.

    Parameters
    ----------
    solved
        what the solver returned.
    name
        of the variable.
    options
        their names.
    function
        the solver, for the message.

    Raises
    ------
    KeyError
        if the variable or an attribute is missing.

    Examples
    --------
    >>> solved = xr.Dataset({"tortuosity_factor": ((), 1.2, {"rtol": 1e-6})})
    >>> solve_options(solved, "tortuosity_factor", ["rtol"], "tortuosity_factor")
    {'rtol': 1e-06}
    """
    attrs = require(solved, name).attrs
    missing = [option for option in options if option not in attrs]
    if missing:
        raise KeyError(
            f"{name} has no attribute {missing[0]!r}; give the Dataset that poreflux.{function} "
            "returned"
        )
    return {option: parsed(attrs[option]) for option in options}
