"""Results become figures: one function a figure, each returns a matplotlib Figure.

Axes carry the units of the variables' attributes; colour-blind readers can tell the
colours apart. Nothing is drawn on a screen and no state of pyplot is touched: save with
``figure.savefig(path)``.
"""

from poreflux.plot.currents import (
    current_density,
    current_distribution,
    current_section,
    wagner_sweep,
)
from poreflux.plot.curves import block_porosity, block_tortuosity, histogram, porosity_profile
from poreflux.plot.images import pores, slices, structure_factor
from poreflux.plot.overview import overview
from poreflux.plot.style import data_uri, png, svg

__all__ = [
    "block_porosity",
    "block_tortuosity",
    "current_density",
    "current_distribution",
    "current_section",
    "data_uri",
    "histogram",
    "overview",
    "png",
    "pores",
    "porosity_profile",
    "slices",
    "structure_factor",
    "svg",
    "wagner_sweep",
]
