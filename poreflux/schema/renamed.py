"""Names that variables had in earlier results, which stay readable and warn."""

import warnings
from typing import TYPE_CHECKING

from poreflux.schema.registry import attributes

if TYPE_CHECKING:
    import xarray as xr

#: old name -> name now
RENAMED = {"structure_factor_z_score": "structure_factor_ratio"}


def current_name(name: str) -> str:
    """Return the name that a variable has now; an old one warns.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     name = current_name("structure_factor_z_score")
    >>> name, caught[0].category.__name__
    ('structure_factor_ratio', 'FutureWarning')
    """
    if name not in RENAMED:
        return name
    warnings.warn(
        f"{name!r} is called {RENAMED[name]!r} now: read that; the values are the same, and the "
        "old name will be dropped",
        FutureWarning,
        stacklevel=3,
    )
    return RENAMED[name]


def with_new_names(results: "xr.Dataset") -> "xr.Dataset":
    """Return results in which variables of an old name also have the one of now.

    Examples
    --------
    >>> import xarray as xr
    >>> old = xr.Dataset({"structure_factor_z_score": ("direction", [0.98])})
    >>> float(with_new_names(old)["structure_factor_ratio"][0])
    0.98
    """
    named = {
        new: results[old].assign_attrs(attributes(new))
        for old, new in RENAMED.items()
        if old in results and new not in results
    }
    return results.assign(named)


def without_old_names(results: "xr.Dataset") -> "xr.Dataset":
    """Return results without variables under old names."""
    return results.drop_vars([old for old in RENAMED if old in results])
