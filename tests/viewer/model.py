"""Opens a store in napari's model, without a window, and prints what it shows as JSON."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")  # napari's own, not ours

from napari.components import ViewerModel  # noqa: E402 - after the filter
from npe2 import PluginManager, PluginManifest  # noqa: E402 - after the filter

import poreflux  # noqa: E402 - after the filter


def main(store: str) -> None:
    manifest = PluginManifest.from_file(Path(poreflux.__file__).with_name("napari.yaml"))
    manager = PluginManager.instance()
    manager.discover(include_npe1=False)
    if "poreflux" not in manager:
        manager.register(manifest)
    viewer = ViewerModel()
    viewer.open(store, plugin="poreflux")
    print(json.dumps([described(layer, viewer) for layer in viewer.layers]))


def described(layer, viewer) -> dict:
    first = layer.data[0] if layer.multiscale else layer.data
    corner = layer.data_to_world((0, 0, 0))
    last = layer.data_to_world(np.array(first.shape) - 1)
    viewer.dims.set_point(range(3), last)
    shown, layer.visible = layer.visible, True
    if layer.multiscale:  # as a canvas asks for the finest level
        layer.data_level = 0
        layer.corner_pixels = np.array([(0, 0, 0), np.array(first.shape) - 1])
        layer.refresh()
    value = layer.get_value(last, world=True)
    value = value[1] if isinstance(value, tuple) else value
    return {
        "name": layer.name,
        "kind": type(layer).__name__,
        "shapes": [list(d.shape) for d in layer.data] if layer.multiscale else [list(first.shape)],
        "first": list(map(float, corner)),
        "last": list(map(float, last)),
        "units": list(map(str, layer.units)),
        "visible": shown,
        "limits": list(map(float, getattr(layer, "contrast_limits", ()))),
        "colours": colours(layer),
        "status": layer.get_status(last, world=True)["value"],
        "value": None if value is None else float(value),
    }


def colours(layer) -> dict:
    found = getattr(layer.colormap, "color_dict", {})
    return {str(label): float(np.asarray(colour)[-1]) for label, colour in found.items()}


if __name__ == "__main__":
    main(sys.argv[1])
