"""What numbers were computed with, and whether others were computed with the same."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from poreflux.schema.attribute_text import parsed, text
from poreflux.schema.groups import group_of, quantity_of

#: parameters of which all numbers of a family have one value: they describe one experiment
SHARED = ("conductivity", "conductivities", "sides", "geometry", "applied_current_density",
          "kinetics", "drive", "face", "temperature", "film_resistance",
          "charge_transfer_resistance", "transfer_coefficient", "contact_model",
          "contact_fraction", "contact_length", "contact_diameter",
          "contact_seed", "contact_cells", "contact_off", "phase")  # fmt: skip

#: parameters that each variable has for itself, along each direction
OWN = ("rtol", "method", "neighbours", "placement", "taper", "variant", "smoothing", "blocks",
       "contact_sha256")  # fmt: skip

_MASK = "contact_sha256"

#: families whose numbers belong to the volume and not to a choice of parameters
_OF_VOLUME = ("segmentation", "pictures", "other")

#: ends the name of an attribute that has one value for each direction
BY_DIRECTION = "_by_direction"


def family_of(name: str) -> str:
    """Return the family of a variable: what was computed together, with one set of parameters.

    Examples
    --------
    >>> family_of("representative_tortuosity_mean"), family_of("porosity_sampling_error")
    ('tortuosity', 'porosity')
    """
    if name.startswith("representative_tortuosity"):
        return "tortuosity"
    group = group_of(name)
    return group_of(quantity_of(name)) if group == "other" else group


def settings(results: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return the parameters of each family of Results, as far as its variables tell them.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.uniform((4, 4, 4))
    >>> solved = poreflux.tortuosity_factor(volume, sides="periodic")
    >>> settings(solved)["tortuosity"]["sides"]
    'periodic'
    """
    found: dict[str, dict[str, Any]] = {}
    for name, array in results.data_vars.items():
        family = family_of(str(name))
        for key in SHARED:
            if family not in _OF_VOLUME and key in array.attrs:
                found.setdefault(family, {}).setdefault(key, parsed(array.attrs[key]))
    return found


def differences(old: xr.Dataset, new: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return the parameters of new Results that differ from those of the old, by family.

    Parameters that only one of the two tells do not differ. What each variable has for itself
    differs only where both have a number along the same direction.
    """
    before, now = settings(old), settings(new)
    found = {
        family: {
            key: value
            for key, value in known.items()
            if key in before.get(family, {}) and differ(before[family][key], value)
        }
        for family, known in now.items()
    }
    for name in map(str, new.data_vars):
        family = family_of(name)
        if name not in old or family in _OF_VOLUME:
            continue
        for direction in again(old[name], new[name]):
            for key in OWN:
                was, value = (own(array, key, direction) for array in (old[name], new[name]))
                if was is not None and value is not None and differ(was, value):
                    found.setdefault(family, {})[key] = value
    return {family: changed for family, changed in found.items() if changed}


def again(old: xr.DataArray, new: xr.DataArray) -> list[str]:
    """Return the directions along which both have numbers; ``[""]`` of those that have none."""
    if "direction" not in new.dims or "direction" not in old.dims:
        return [""]
    return [d for d in _solved(new) if d in _solved(old)]


def own(array: xr.DataArray, key: str, direction: str = "") -> Any:
    """Return a parameter of a variable along a direction; None where it is not told."""
    by_direction = parsed(array.attrs.get(key + BY_DIRECTION))
    if isinstance(by_direction, Mapping) and direction in by_direction:
        return by_direction[direction]
    return parsed(array.attrs.get(key))


def attributes_by_direction(parts: list[xr.DataArray]) -> dict[str, Any]:
    """Return the attributes of a variable whose directions come from several.

    What differs of :data:`OWN` is told for each direction, what else differs is left out.
    """
    found = {key: value for part in parts for key, value in part.attrs.items()}
    merged = {
        key: value
        for key, value in found.items()
        if not any(differ(value, part.attrs.get(key, value)) for part in parts)
    }
    for key in OWN:
        values = {d: own(part, key, d) for part in parts for d in _solved(part)}
        told = {d: value for d, value in values.items() if value is not None}
        merged.pop(key + BY_DIRECTION, None)
        if len({text(value) for value in told.values()}) > 1:
            merged.pop(key, None)
            merged[key + BY_DIRECTION] = text(told)
    return merged


def differ(one: object, other: object) -> bool:
    """Return whether two attributes differ, whether they are JSON text or not."""
    return text(_number(parsed(one))) != text(_number(parsed(other)))


def described(changed: Mapping[str, Mapping[str, Any]]) -> str:
    """Return parameters in words.

    Examples
    --------
    >>> described({"tortuosity": {"sides": "periodic", "conductivity": {"LPSCl": 1.0}}})
    'conductivity LPSCl 1, sides periodic'
    """
    words = dict.fromkeys(word for known in changed.values() for word in _words(known))
    return ", ".join(sorted(words))


def _words(known: Mapping[str, Any]) -> Iterator[str]:
    said = any(key.startswith("contact_") and key != _MASK for key in known)
    for key, value in known.items():
        if key == _MASK:
            if not said:  # else what makes the mask another one says more
                yield f"contact mask {value[:8]}"
            continue
        if isinstance(value, Mapping):
            shown = " ".join(f"{name} {_short(item)}" for name, item in value.items())
        elif isinstance(value, (list, tuple)):
            shown = " × ".join(map(_short, value))
        else:
            shown = _short(value)
        yield f"{key.replace('_', ' ')} {shown}"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _number(value: Any) -> Any:
    """Return whole numbers as floats, so that 1 and 1.0 are equal as texts."""
    if isinstance(value, Mapping):
        return {str(key): _number(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_number(item) for item in value]
    return float(value) if isinstance(value, (int, float, np.number)) else value


def _solved(array: xr.DataArray) -> list[str]:
    if "direction" not in array.dims:
        return []
    others = [dim for dim in array.dims if dim != "direction"]
    solved = array.notnull().any(others)
    return [str(d) for d in np.atleast_1d(array["direction"].values)[np.atleast_1d(solved)]]
