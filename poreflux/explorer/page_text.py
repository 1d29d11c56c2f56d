"""What the page has to know of a volume, and says of it, as numbers and words."""

import shlex
from typing import Any

from poreflux.explorer.images import Images
from poreflux.schema import VARIABLES
from poreflux.schema.units import printed_unit


def described(images: Images, colours: dict[str, Any]) -> dict[str, Any]:
    """Return what the page has to know of a volume."""
    return {
        "extent": [list(ends) for ends in images.extent],
        "spacing": list(images.spacing),
        "origin": list(images.origin),
        "point": [
            a + (n // 2 + 0.5) * h for a, n, h in zip(images.origin, images.shape, images.spacing)
        ],
        "titles": {name: titled(name, images.arrays[name].attrs) for name in images.arrays},
        "phases": phases_of(images),
        "colours": colours,
        "store_quoted": shlex.quote(str(images.store)) if images.store else "",
    }


def titled(name: str, attrs: Any) -> dict[str, Any]:
    """Return the title and the printed unit of a variable: its own, or those of the registry.

    Examples
    --------
    >>> titled("current_density", {})
    {'title': 'current density at the electrode', 'unit': 'mA/cm²'}
    """
    known = VARIABLES.get(name)
    title = attrs.get("long_name") or (known.long_name if known else name)
    return {
        "title": title,
        "unit": printed_unit(str(attrs.get("units") or (known.units if known else "1"))),
    }


def phases_of(images: Images) -> dict[str, str]:
    """Return the name of each label of the phases, the label as text."""
    if "phase" not in images.arrays:
        return {}
    attrs = images.arrays["phase"].attrs
    labels = [int(label) for label in attrs.get("flag_values", [])]
    names = str(attrs.get("flag_meanings", "")).split()
    return {str(label): name for label, name in zip(labels, names)}


def overlays(images: Images) -> list[tuple[str, str]]:
    """Return what may lie over the grey values: a value and words."""
    found = []
    if "gray" in images.arrays:
        found.append(("threshold", "what the threshold makes pore"))
        if "phase" in images.arrays:
            found.append(("phase", "phases of the store"))
    found += [(name, titled(name, images.arrays[name].attrs)["title"]) for name in images.fields]
    return [*found, ("none", "nothing")]


def summary(images: Images) -> str:
    """Return size and voxels of a volume in one line.

    Examples
    --------
    >>> from poreflux import phantoms
    >>> from poreflux.explorer.images import in_memory
    >>> summary(in_memory(phantoms.random_sites((4, 5, 6), 0.2)))
    '6 × 5 × 4 voxels (x × y × z) of 1 µm: 6 × 5 × 4 µm'
    """
    sizes = sorted(set(images.spacing))
    voxel = f"{sizes[0]:.4g}" if len(sizes) == 1 else _product(images.spacing)
    counts = " × ".join(map(str, reversed(images.shape)))
    edges = _product([b - a for a, b in images.extent])
    return f"{counts} voxels (x × y × z) of {voxel} µm: {edges} µm"


def _product(lengths: Any) -> str:
    return " × ".join(f"{length:.4g}" for length in reversed(lengths))
