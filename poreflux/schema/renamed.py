"""Names that variables had in earlier results, which stay readable."""

from typing import TYPE_CHECKING

from poreflux.schema.registry import attributes

if TYPE_CHECKING:
    import xarray as xr

#: old name -> name now
RENAMED = {"structure_factor_z_score": "structure_factor_ratio"}


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
