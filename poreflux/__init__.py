"""From a tomogram of a porous solid to publishable numbers.

The public names, in the order in which data flows through them. Each is loaded at its first use,
so that ``import poreflux`` and ``poreflux --help`` are quick.
"""

import importlib
import sys
import types

__version__ = "0.1.0"

#: public name -> the module that has it, in data-flow order
_HOMES = {
    "read": "readers",
    "from_array": "volume",
    "save": "store",
    "open": "store",
    "verify": "store",
    "region_of_interest": "segment",
    "correct_drift": "segment",
    "correct_cupping": "segment",
    "correct_rings": "segment",
    "correct_tilt": "segment",
    "segment": "segment",
    "gray_histogram": "segment",
    "segmentation_sensitivity": "segment",
    "solid_fraction": "segment",
    "porosity": "metrics.porosity",
    "porosity_profile": "metrics.porosity_profile",
    "block_porosity": "metrics.block_porosity",
    "structure_factor": "metrics.structure_factor",
    "pore_size": "metrics.pore_size",
    "pore_table": "metrics.pore_table",
    "pore_labels": "metrics.pore_labels",
    "chord_length": "metrics.chord_length",
    "spectral_density": "metrics.spectral_density",
    "two_point_correlation": "metrics.two_point_correlation",
    "arrangement": "metrics.arrangement",
    "representative_volume": "metrics.representative_volume",
    "representative_tortuosity": "metrics.representative_tortuosity",
    "local_thickness": "metrics.local_thickness",
    "surface_area": "metrics.surface_area",
    "connectivity": "metrics.connectivity",
    "euler_number": "metrics.euler_number",
    "preview": "metrics.preview",
    "tortuosity_factor": "transport.effective",
    "tortuosity_bracket": "transport.effective",
    "tortuosity_profile": "transport.profile",
    "block_tortuosity": "transport.blockwise",
    "effective_tensor": "transport.tensor",
    "contact_mask": "transport.contact",
    "interfacial_current": "transport.interface",
    "contact_evolution": "transport.evolution",
    "tortuosity_band": "band",
    "collect": "results",
    "report": "report",
}
_MODULES = ("phantoms", "plot")

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f"poreflux.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'poreflux' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"poreflux.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})


class _Package(types.ModuleType):
    """The package: importing ``poreflux.segment`` the module leaves the function of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
