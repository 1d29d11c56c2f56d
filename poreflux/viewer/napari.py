"""A store as layers of napari: grey values and fields as images, phases and pores as labels.

napari finds :func:`get_reader` in ``napari.yaml``. A layer is a tuple of data, options, and kind.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from poreflux.annotations import AnyArray
from poreflux.errors import DamagedStore
from poreflux.schema import DIMS
from poreflux.store import open as open_store
from poreflux.store import open_levels
from poreflux.volume import phase_labels, voxel_size

Layer: TypeAlias = tuple[Any, dict[str, Any], str]

#: colours of phases, which all can tell apart: the first is that of pores
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#f0e442", "#56b4e9")

#: where grey values are below, labels are seen through
_OPACITY = 0.5

_LABELS = ("phase", "mask", "pore_label")

#: percentiles of the values that the ends of a range of colours stand for
_RANGE = (0.1, 99.9)


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[Layer]] | None:
    """Return what opens a path as layers, None where it is no store of poreflux.

    Parameters
    ----------
    path
        or several, which are then not one store.

    Examples
    --------
    >>> get_reader("scan.tif") is None
    True
    """
    if isinstance(path, list) or not (Path(path) / "zarr.json").is_file():
        return None
    try:
        return layers if open_levels(path) else None
    except (DamagedStore, ValueError, OSError):
        return None


def layers(path: str | list[str]) -> list[Layer]:
    """Return the layers of a store, the lowest first; nothing but a few chunks is read.

    Grey values lie below; phases and pores are labels, in pyramids where the store has them. Places
    are those of the coordinates: the centre of the first voxel is half a voxel from the corner.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.ones((4, 4, 4)), voxel_size=2.0, kind="gray")
    >>> store = save(volume, tempfile.mkdtemp() + "/vol.zarr")
    >>> (_, options, kind), = layers(str(store))
    >>> kind, options["name"], options["translate"], options["units"]
    ('image', 'gray', (1.0, 1.0, 1.0), ('um', 'um', 'um'))
    """
    (store,) = [path] if isinstance(path, str) else path
    volume, levels = open_store(store), open_levels(store)
    common = {
        "scale": tuple(map(float, voxel_size(volume))),
        "translate": tuple(float(volume[dim][0]) for dim in DIMS),
        "units": ("um",) * len(DIMS),
        "axis_labels": DIMS,
    }
    found = []
    for name in sorted(levels, key=_depth):
        attrs, data = volume[name].attrs, levels[name]
        if data[0].dtype == bool:
            data = [level.astype(np.uint8) for level in data]
        is_label = name in _LABELS
        options = common | {
            "name": _title(name, attrs),
            "metadata": {key: attrs[key] for key in ("long_name", "units") if key in attrs},
            "visible": name in ("gray", "phase"),
        }
        if len(data) > 1:
            options["multiscale"] = True
        if name == "phase":
            options |= _phases(phase_labels(volume), "gray" in levels)
        elif not is_label:
            options |= _shades(name, data)
        shown = data if len(data) > 1 else data[0]
        found.append((shown, options, "labels" if is_label else "image"))
    return found


def _depth(name: str) -> tuple[int, str]:
    """Return where a layer lies: grey values lowest, phases above all."""
    order = ["gray", "solid_fraction", "", "pore_label", "mask", "phase"]
    return order.index(name if name in order else ""), name


def _title(name: str, attrs: Mapping[str, Any]) -> str:
    """Return the name of a layer, with the unit of its values where they have one.

    Examples
    --------
    >>> _title("potential", {"units": "V"}), _title("phase", {"units": "1"})
    ('potential (V)', 'phase')
    """
    unit = str(attrs.get("units", "1"))
    return name if unit in ("1", "") else f"{name} ({unit})"


def _phases(labels: Mapping[str, int], is_overlay: bool) -> dict[str, Any]:
    """Return how phases look: over grey values the commonest solid is left out, pores are seen."""
    from napari.utils.colormaps import DirectLabelColormap

    colours: dict[int | None, str] = {None: "transparent"}
    colours |= {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(labels.values())}
    if is_overlay and len(labels) > 1:
        colours[list(labels.values())[1]] = "transparent"
    names = {label: name for name, label in labels.items()}
    features = {"index": list(names), "phase": list(names.values())}
    opacity = _OPACITY if is_overlay else 1.0
    return {
        "colormap": DirectLabelColormap(color_dict=colours),
        "features": features,
        "opacity": opacity,
    }


def _shades(name: str, levels: Sequence[AnyArray]) -> dict[str, Any]:
    """Return the colours of an image, and the range of the values in its middle plane."""
    level = levels[min(1, len(levels) - 1)]  # less to read
    values = np.asarray(level[level.shape[0] // 2], float)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, _RANGE) if values.size else (0.0, 1.0)
    colours = "gray" if name in ("gray", "solid_fraction") else "viridis"
    limits = (float(low), float(high) if high > low else float(low) + 1.0)
    return {"colormap": colours, "contrast_limits": limits}
