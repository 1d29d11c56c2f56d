"""Results of several samples become one, along the dim `sample`; and samples again."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux.results.opening import open_results
from poreflux.results.order import sorted_results
from poreflux.schema import DIMS
from poreflux.schema.attribute_text import flat, text

#: dim along which samples are joined, and the attribute that has what they do not share
SAMPLE, RECORD = "sample", "samples"


def join_results(results: Mapping[str, xr.Dataset | str | Path]) -> xr.Dataset:
    """Join the Results of several samples along a new first dim, `sample`.

    Parameters
    ----------
    results
        of each sample, by its name: of :func:`poreflux.collect`, or the folder that holds them.

    Returns
    -------
    Dataset in memory in which every variable has the dim `sample`. Labels such as `direction` are
    those of any sample. Positions and sizes that differ between samples, such as `z` of volumes of
    unlike height, have the dim `sample` as well, in order and not by value; shorter ones end in
    NaN. What a sample does not have is NaN, so that whole numbers may be floats.
    :func:`split_results` returns each as it was.

    Raises
    ------
    ValueError
        if there are none, or one of them has several samples, or dims differ.

    Examples
    --------
    >>> import poreflux
    >>> volumes = {f"p{p}": poreflux.phantoms.random_sites((8, 8, 8), p / 10) for p in (1, 3)}
    >>> measured = {name: poreflux.collect(poreflux.porosity(v)) for name, v in volumes.items()}
    >>> joined = join_results(measured)
    >>> joined["sample"].values.tolist(), joined["porosity"].dims
    (['p1', 'p3'], ('sample',))
    >>> joined["porosity"].sel(sample="p3").item() == measured["p3"]["porosity"].item()
    True
    """
    if not results:
        raise ValueError("there are no results to join; give a mapping from names to results")
    samples = {
        str(name): sorted_results(item if isinstance(item, xr.Dataset) else open_results(item))
        for name, item in results.items()
    }
    for name, sample in samples.items():
        if SAMPLE in sample.variables or SAMPLE in sample.dims:
            raise ValueError(f"the results {name!r} have a dim `sample` already; split them first")
    axes = {dim: _Axis(dim, list(samples.values())) for dim in _dims(samples)}
    variables = {
        name: _joined(name, samples, axes)
        for name in dict.fromkeys(n for s in samples.values() for n in map(str, s.variables))
    }
    coordinates = {str(name) for sample in samples.values() for name in sample.coords}
    attrs = _common([sample.attrs for sample in samples.values()])
    record = {name: _record(sample, variables, attrs) for name, sample in samples.items()}
    return sorted_results(
        xr.Dataset(
            {name: v for name, v in variables.items() if name not in coordinates},
            {SAMPLE: list(samples), **{n: variables[n] for n in variables if n in coordinates}},
            {**attrs, RECORD: text(record)},
        )
    )


def split_results(results: xr.Dataset) -> dict[str, xr.Dataset]:
    """Return the Results of each sample, by name, as they were before :func:`join_results`.

    Parameters
    ----------
    results
        of :func:`join_results`, all samples or some; of one sample without the dim `sample`, they
        are returned under the name ``""``.

    Examples
    --------
    >>> both = join_results({"a": xr.Dataset({"porosity": 0.1}), "b": xr.Dataset({"voxels": 8})})
    >>> {name: list(one) for name, one in split_results(both).items()}
    {'a': ['porosity'], 'b': ['voxels']}
    """
    if SAMPLE not in results.variables or RECORD not in results.attrs:
        return {"": results}
    record = json.loads(results.attrs[RECORD])
    if SAMPLE not in results.dims:
        results = results.expand_dims(SAMPLE)
    shared = {key: value for key, value in results.attrs.items() if key != RECORD}
    return {
        str(name): _one(results.isel({SAMPLE: [k]}), record[str(name)], shared)
        for k, name in enumerate(results[SAMPLE].values)
    }


class _Axis:
    """What a dim becomes: labels of any sample, positions that all share, or a place in a row."""

    def __init__(self, dim: str, samples: Sequence[xr.Dataset]) -> None:
        found = [sample[dim].values if dim in sample.coords else None
                 for sample in samples if dim in sample.dims]  # fmt: skip
        known = [values for values in found if values is not None]
        self.dim = dim
        self.size = max(sample.sizes.get(dim, 0) for sample in samples)
        self.labels: list | None = None
        self.shared = all(
            values.dtype.kind == known[0].dtype.kind and np.array_equal(values, known[0])
            for values in known
        )
        if known and known[0].dtype.kind in "Ui" and not self.shared:
            labels = list(dict.fromkeys(label for values in known for label in values.tolist()))
            order = {label: k for k, label in enumerate(DIMS)}
            self.labels = sorted(labels, key=lambda label: order.get(label, 0))
            self.size, self.shared = len(labels), True

    def places(self, sample: xr.Dataset) -> np.ndarray:
        """Return where the entries of a sample stand."""
        if self.labels is None:
            return np.arange(sample.sizes[self.dim])
        return np.array([self.labels.index(label) for label in sample[self.dim].values.tolist()])


def _dims(samples: Mapping[str, xr.Dataset]) -> list[str]:
    return list(dict.fromkeys(str(dim) for sample in samples.values() for dim in sample.dims))


def _joined(name: str, samples: Mapping[str, xr.Dataset], axes: Mapping[str, _Axis]) -> xr.Variable:
    """Return a variable of all samples; a coordinate that all share is without `sample`."""
    found = {key: sample.variables[name] for key, sample in samples.items() if name in sample}
    first = next(iter(found.values()))
    dims = tuple(map(str, first.dims))
    if any(variable.dims != first.dims for variable in found.values()):
        raise ValueError(f"{name!r} has unlike dims in the results; join results of one version")
    attrs = _common([variable.attrs for variable in found.values()])
    if name in axes and axes[name].shared:
        labels = axes[name].labels
        values = first.values if labels is None else np.array(labels)
        return xr.Variable(dims, values, attrs)
    shape = (len(samples), *(axes[dim].size for dim in dims))
    whole = len(found) == len(samples) and all(v.shape == shape[1:] for v in found.values())
    kinds = np.result_type(*(variable.dtype for variable in found.values()))
    if not whole and kinds.kind in "iub":
        kinds = np.dtype(float)
    values = np.full(shape, np.nan if kinds.kind == "f" else "" if kinds.kind == "U" else 0, kinds)
    for k, (key, sample) in enumerate(samples.items()):
        if key in found:
            place: Any = (k, *np.ix_(*(axes[dim].places(sample) for dim in dims)))
            values[place] = found[key].values
    return xr.Variable((SAMPLE, *dims), values, attrs)


def _common(attrs: Sequence[Mapping]) -> dict:
    """Return the attributes that all have, with equal values."""
    texts = [{key: text(value) for key, value in each.items()} for each in attrs]
    return {
        key: value
        for key, value in attrs[0].items()
        if all(each.get(key) == texts[0][key] for each in texts)
    }


def _record(sample: xr.Dataset, joined: Mapping[str, xr.Variable], attrs: Mapping) -> dict:
    """Return what a sample does not share: dims, kinds of numbers and attributes."""
    variables = {}
    for name, variable in sample.variables.items():
        own = {k: v for k, v in variable.attrs.items() if k not in joined[str(name)].attrs}
        variables[str(name)] = {"dtype": variable.dtype.str, **({"attrs": own} if own else {})}
    labelled = [d for d in sample.dims if d in sample.coords and sample[d].dtype.kind in "Ui"]
    return {
        "attrs": {key: value for key, value in flat(sample.attrs).items() if key not in attrs},
        "sizes": {str(dim): size for dim, size in sample.sizes.items()},
        "labels": {str(dim): sample[dim].values.tolist() for dim in labelled},
        "variables": variables,
    }


def _one(results: xr.Dataset, record: Mapping[str, Any], shared: Mapping) -> xr.Dataset:
    """Return one sample of joined Results, without what only others have."""
    chosen: dict[Any, Any] = {SAMPLE: 0}
    chosen |= {dim: range(size) for dim, size in record["sizes"].items()}
    for dim, labels in record["labels"].items():
        if dim in results.coords and SAMPLE not in results[dim].dims:
            every = results[dim].values.tolist()
            chosen[dim] = [every.index(label) for label in labels]
    variables = {}
    for name, note in record["variables"].items():
        if name in results.variables:
            variable = results.variables[name]
            variable = variable.isel({dim: chosen[dim] for dim in variable.dims})
            attrs = {**variable.attrs, **note.get("attrs", {})}
            variables[name] = (variable.dims, variable.values.astype(note["dtype"]), attrs)
    coordinates = {name for name in variables if name in results.coords}
    return sorted_results(
        xr.Dataset(
            {name: v for name, v in variables.items() if name not in coordinates},
            {name: v for name, v in variables.items() if name in coordinates},
            {**shared, **record["attrs"]},
        )
    )
