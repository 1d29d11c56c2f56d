"""Every variable that poreflux writes, by its name; what makes one, and what checks a Dataset."""

from typing import TYPE_CHECKING, Any

from poreflux.schema.coordinates import COORDINATES
from poreflux.schema.current import CURRENT
from poreflux.schema.microstructure import DENSITY, SHAPE
from poreflux.schema.tortuosity import TORTUOSITY
from poreflux.schema.variables import Dims, Variable
from poreflux.schema.volume import SEGMENTATION, VOLUME

if TYPE_CHECKING:
    import xarray as xr

#: in the order in which a report lists them
VARIABLES: dict[str, Variable] = {
    **VOLUME,
    **DENSITY,
    **SEGMENTATION,
    **SHAPE,
    **TORTUOSITY,
    **CURRENT,
}

#: dims along which whole Results are stacked; they come first
STACKED = ("sample", "geometry")

KINDS = {"f": "floats", "i": "integers", "u": "unsigned integers", "b": "booleans", "U": "words"}


def attributes(name: str) -> dict[str, str]:
    """Return the ``units`` and ``long_name`` of a variable.

    Parameters
    ----------
    name
        a key of :data:`VARIABLES`.

    Examples
    --------
    >>> attributes("tortuosity_factor")
    {'units': '1', 'long_name': 'tortuosity factor'}
    """
    known = VARIABLES[name]
    return {"units": known.units, "long_name": known.long_name}


def variable(
    name: str, values: Any, dims: Dims | None = None, **attrs: Any
) -> tuple[Dims, Any, dict[str, Any]]:
    """Return dims, values and attributes of a variable, as a Dataset takes them.

    Parameters
    ----------
    name
        a key of :data:`VARIABLES`, which has the dims, the units and the long name.
    values
        array, in memory or lazy.
    dims
        of the values, where they came with some; they must be those of the registry.
    attrs
        further attributes.

    Raises
    ------
    KeyError
        if the name is not in the registry.
    ValueError
        if the values have other dims.

    Examples
    --------
    >>> variable("tortuosity_factor", [1.2], rtol=1e-4)[:2]
    (('direction',), [1.2])
    """
    if name not in VARIABLES:
        raise KeyError(f"{name!r} is not in the registry; add it to a table of poreflux.schema")
    known = VARIABLES[name]
    if dims is not None and tuple(dims) != known.dims:
        raise ValueError(f"{name!r} has the dims {tuple(dims)}; the registry says {known.dims}")
    return known.dims, values, {**attributes(name), **attrs}


def check(dataset: "xr.Dataset") -> None:
    """Raise where a Volume or Results has a variable that is not as the registry says.

    Whole numbers over `direction` may be floats where one of them is missing.

    Raises
    ------
    ValueError
        saying what is at odds: a name, dims, the kind of number or the units.

    Examples
    --------
    >>> import xarray as xr
    >>> check(xr.Dataset({"porosity": ("z", [0.2, 0.3])}))
    Traceback (most recent call last):
    ValueError: 'porosity' has the dims ('z',); the registry says ()
    """
    for name, array in dataset.data_vars.items():
        _check(str(name), array, VARIABLES)
    for name, array in dataset.coords.items():
        if array.dims != ("sample",) or name == "sample":  # labels of samples are the user's
            _check(str(name), array, COORDINATES)


def _check(name: str, array: "xr.DataArray", registry: dict[str, Variable]) -> None:
    if name not in registry:
        what = "coordinate" if registry is COORDINATES else "variable"
        raise ValueError(f"the {what} {name!r} is not in the registry; give it a known name")
    known = registry[name]
    dims = tuple(str(dim) for dim in array.dims if dim == name or dim not in STACKED)
    if dims != known.dims:
        raise ValueError(f"{name!r} has the dims {dims}; the registry says {known.dims}")
    if array.dtype.kind not in known.kind and not _missing(array, known):
        kinds = " or ".join(KINDS[kind] for kind in known.kind)
        raise ValueError(f"{name!r} is of dtype {array.dtype}; the registry says {kinds}")
    units = array.attrs.get("units", "")
    if units != known.units:
        raise ValueError(f"{name!r} has the units {units!r}; the registry says {known.units!r}")


def _missing(array: "xr.DataArray", known: Variable) -> bool:
    """Return whether whole numbers are floats because one of them is missing."""
    whole = known.kind in "iu" and bool({"direction", "sample"} & {*known.dims, *array.dims})
    return whole and array.dtype.kind == "f" and bool(array.isnull().any())
