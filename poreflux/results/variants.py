"""Numbers of other parameters stand beside the first ones, as a variant of the Results."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from poreflux.errors import StoreExists
from poreflux.results.merging import (
    joined,
    other_values,
    refuse_other_volume,
    without_unused_coordinates,
)
from poreflux.results.order import equal
from poreflux.results.settings import described, differences, family_of
from poreflux.schema import DIMS
from poreflux.schema.attribute_text import parsed, text

#: attributes of a variant: its parameters in words, and what it takes the place of
LABEL, INSTEAD = "variant", "variant_instead_of"

#: attribute of overlaid Results: the variables that are the variant's own
OWN_VARIABLES = "variant_variables"

#: places that are named one by one
_FEW = 8

#: dims along which Results of other labels are joined
_JOINED = ("direction", "lag")


@dataclass(frozen=True)
class Stored:
    """What a folder of results holds: the first numbers, and variants by their number.

    A variant has only the variables that differ; :func:`overlaid` puts the others beside them.
    """

    main: xr.Dataset
    variants: Mapping[int, xr.Dataset]


def placed(
    new: xr.Dataset, stored: Stored, path: Path, *, replace: bool = False
) -> tuple[Stored, list[int]]:
    """Return what a folder holds with new Results, and the variants that took some of them.

    What was computed with the parameters of those there joins them; what was not becomes a variant,
    or with `replace` takes the place of what differs.
    """
    refuse_other_volume(stored.main, new, path)
    main, variants = stored.main, dict(stored.variants)
    if replace:
        main = _cleared(main, new)
    fits, rest, changed = _split(main, new, path)
    main = _with(main, fits)
    used = []
    for number, variant in stored.variants.items():
        if not rest.data_vars:
            break
        if not _alike(variant, rest):
            continue
        fitting, beyond, _ = _split(variant, rest, path)
        if fitting.data_vars:
            variants[number] = _with(variant, fitting)
            used.append(number)
            rest = beyond
    if rest.data_vars:
        number = max(stored.variants, default=0) + 1
        variants[number] = _labelled(rest, main, changed)
        used.append(number)
    return Stored(main, variants), used


def overlaid(main: xr.Dataset, variant: xr.Dataset) -> xr.Dataset:
    """Return whole Results of a variant: its numbers, and the first ones of all else."""
    instead = parsed(variant.attrs.get(INSTEAD, "[]"))
    dropped = [name for name in main.data_vars if family_of(str(name)) in instead]
    dropped += [name for name in main.data_vars if name not in dropped
                and (_clashing(variant, main[name]) or name in variant)]  # fmt: skip
    rest = without_unused_coordinates(main.drop_vars(dropped))
    own = text([str(name) for name in variant.data_vars])
    return joined(rest, variant).assign_attrs({OWN_VARIABLES: own})


def own_variables(variant: xr.Dataset) -> list[str]:
    """Return the variables of overlaid Results that were computed for the variant."""
    return list(parsed(variant.attrs.get(OWN_VARIABLES, "[]")))


def _with(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return old results with new ones; as they are where that changes no number."""
    both = joined(old, new) if new.data_vars else old
    return old if equal(both, old) else both


def _split(
    old: xr.Dataset, new: xr.Dataset, path: Path
) -> tuple[xr.Dataset, xr.Dataset, dict[str, dict[str, Any]]]:
    """Return the new variables that belong to old ones, those that do not, and why not."""
    changed = differences(old, new)
    for dim in DIMS:
        if dim in old.dims and dim in new.dims and _unlike(old, new, dim):
            raise StoreExists(
                f"{path} has {old.sizes[dim]} planes along {dim}, the new results "
                f"{new.sizes[dim]}; choose another name, or replace it with overwrite"
            )
    apart = {name for name in map(str, new.data_vars) if family_of(name) in changed}
    clashing = {str(n): dims for n, a in new.data_vars.items() if (dims := _clashing(old, a))}
    families = {family_of(name) for name in clashing}
    moved = {
        name
        for name in map(str, new.data_vars)
        if name in old and family_of(name) in families and other_values(old[name], new[name])
    }
    for name in clashing:
        changed.setdefault(family_of(name), {}).update(_layout(new[name], clashing[name]))
    apart |= set(clashing) | moved
    return _only(new, apart, keep=False), _only(new, apart, keep=True), changed


def _cleared(main: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return the first numbers without those that new ones of other parameters replace."""
    changed = differences(main, new)
    dropped = [
        name
        for name in map(str, main.data_vars)
        if family_of(name) in changed or (name in new and _clashing(main, new[name]))
    ]
    return without_unused_coordinates(main.drop_vars(dropped))


def _labelled(
    variant: xr.Dataset, main: xr.Dataset, changed: Mapping[str, Mapping[str, Any]]
) -> xr.Dataset:
    """Return a variant with its parameters in words, and the families it takes the place of."""
    instead = list(differences(main, variant))
    return variant.assign_attrs({LABEL: described(changed), INSTEAD: text(instead)})


def _alike(variant: xr.Dataset, new: xr.Dataset) -> bool:
    """Return whether a variant has numbers of the same kind."""
    return bool({family_of(str(n)) for n in variant.data_vars}
                & {family_of(str(n)) for n in new.data_vars})  # fmt: skip


def _only(results: xr.Dataset, names: set[str], *, keep: bool) -> xr.Dataset:
    dropped = [name for name in results.data_vars if (name in names) != keep]
    return without_unused_coordinates(results.drop_vars(dropped))


def _clashing(old: xr.Dataset, array: xr.DataArray) -> list[str]:
    """Return the dims of a variable whose labels are not those of old Results."""
    dims = map(str, array.dims)
    return [d for d in dims if d in old.dims and d not in _JOINED and _unlike(old, array, d)]


def _unlike(old: xr.Dataset, new: xr.Dataset | xr.DataArray, dim: str) -> bool:
    if old.sizes[dim] != new.sizes[dim]:
        return True
    known = dim in old.coords and dim in new.coords
    return known and not old[dim].variable.equals(new[dim].variable)


def _layout(array: xr.DataArray, dims: list[str]) -> dict[str, Any]:
    """Return how many blocks an array has, or where else its places are."""
    stems = {dim: _stem(dim) for dim in map(str, array.dims)}
    found: dict[str, Any] = {}
    for dim in dims:
        along = [array.sizes[other] for other in stems if stems[other] == stems[dim]]
        if len(along) == 1 and dim in array.coords and array.sizes[dim] <= _FEW:
            found[stems[dim]] = " ".join(f"{place:.3g}" for place in array[dim].values.tolist())
        else:
            found[stems[dim]] = along
    return found


def _stem(dim: str) -> str:
    """Return what dims of one layout share: ``blocks`` of ``block_z`` and ``block_y``."""
    stem = dim.rpartition("_")[0] if dim[-2:] in ("_z", "_y", "_x") else dim
    return {"block": "blocks", "cell": "cells"}.get(stem, stem)
