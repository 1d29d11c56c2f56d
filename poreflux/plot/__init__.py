"""Results become figures: one function a figure, each returns a matplotlib Figure.

Axes carry the units of the variables' attributes; colour-blind readers can tell the
colours apart. Nothing is drawn on a screen and no state of pyplot is touched: save with
``figure.savefig(path)``.
"""

from poreflux.plot.blocks import block_map, block_porosity, block_tortuosity
from poreflux.plot.correlations import spectral_density, two_point_correlation
from poreflux.plot.currents import (
    current_density,
    current_distribution,
    current_section,
)
from poreflux.plot.curves import histogram, porosity_profile
from poreflux.plot.images import slices, structure_factor
from poreflux.plot.overview import overview
from poreflux.plot.representative import (
    porosity_convergence,
    representative_tortuosity,
    representative_volume,
)
from poreflux.plot.sections import sections
from poreflux.plot.sizes import chord_length, local_thickness, pore_size
from poreflux.plot.solid import pores
from poreflux.plot.stacking import parts
from poreflux.plot.style import data_uri, png, svg
from poreflux.plot.together import together
from poreflux.plot.wagner import wagner_sweep

__all__ = [
    "block_map",
    "block_porosity",
    "block_tortuosity",
    "chord_length",
    "current_density",
    "current_distribution",
    "current_section",
    "data_uri",
    "histogram",
    "local_thickness",
    "overview",
    "parts",
    "png",
    "pore_size",
    "pores",
    "porosity_convergence",
    "porosity_profile",
    "representative_tortuosity",
    "representative_volume",
    "sections",
    "slices",
    "spectral_density",
    "structure_factor",
    "svg",
    "together",
    "two_point_correlation",
    "wagner_sweep",
]


def __dir__() -> list[str]:
    return [*__all__]
