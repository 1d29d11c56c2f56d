"""The public names in data-flow order, and where each lives: read by the loader of
``__init__.py``, by type checkers and by editors.
"""

from . import phantoms, plot
from .readers import read
from .volume import from_array
from .store import save, open, verify
from .segmentation.region_of_interest import region_of_interest
from .segmentation.correct_drift import correct_drift
from .segmentation.correct_cupping import correct_cupping
from .segmentation.correct_rings import correct_rings
from .segmentation.correct_tilt import correct_tilt
from .segmentation.segment import segment
from .segmentation.gray_histogram import gray_histogram
from .segmentation.segmentation_sensitivity import segmentation_sensitivity
from .segmentation.solid_fraction import solid_fraction
from .metrics.density.porosity import porosity
from .metrics.density.porosity_profile import porosity_profile
from .metrics.density.block_porosity import block_porosity
from .metrics.correlation.structure_factor import structure_factor
from .metrics.pores.pore_size import pore_size
from .metrics.pores.pore_table import pore_table
from .metrics.pores.pore_labels import pore_labels
from .metrics.pores.chord_length import chord_length
from .metrics.correlation.spectral_density import spectral_density
from .metrics.correlation.two_point_correlation import two_point_correlation
from .metrics.correlation.arrangement import arrangement
from .metrics.representative.representative_volume import representative_volume
from .metrics.representative.representative_tortuosity import representative_tortuosity
from .metrics.pores.local_thickness import local_thickness
from .metrics.surface.surface_area import surface_area
from .metrics.pores.connectivity import connectivity
from .metrics.surface.euler_number import euler_number
from .metrics.paths.geodesic_tortuosity import geodesic_tortuosity
from .metrics.paths.constrictivity import constrictivity
from .metrics.density.preview import preview
from .transport.tortuosity.tortuosity_factor import tortuosity_factor
from .transport.tortuosity.tortuosity_profile import tortuosity_profile
from .transport.tortuosity.dissipation import dissipation
from .transport.tortuosity.block_tortuosity import block_tortuosity
from .transport.tortuosity.effective_tensor import effective_tensor
from .transport.electrode.contact_mask import contact_mask
from .transport.electrode.interfacial_current import interfacial_current
from .transport.electrode.contact_evolution import contact_evolution
from .uncertainty.tortuosity_band import tortuosity_band
from .uncertainty.block_discretisation import block_discretisation
from .uncertainty.discretisation import tortuosity_discretisation
from .uncertainty.tortuosity_bracket import tortuosity_bracket
from .uncertainty.structure_discretisation import structure_discretisation
from .uncertainty.tensor_discretisation import tensor_discretisation
from .results.collecting import collect
from .results.opening import open_results, open_variants
from .results.joining import join_results, split_results
from .results.table import results_table
from .results.tree import results_tree
from .study.study import Study
from .study.compare import compare
from .reporting.report import report
from .explorer.explore import explore

__version__: str

__all__ = [
    "read",
    "from_array",
    "save",
    "open",
    "verify",
    "region_of_interest",
    "correct_drift",
    "correct_cupping",
    "correct_rings",
    "correct_tilt",
    "segment",
    "gray_histogram",
    "segmentation_sensitivity",
    "solid_fraction",
    "porosity",
    "porosity_profile",
    "block_porosity",
    "structure_factor",
    "pore_size",
    "pore_table",
    "pore_labels",
    "chord_length",
    "spectral_density",
    "two_point_correlation",
    "arrangement",
    "representative_volume",
    "representative_tortuosity",
    "local_thickness",
    "surface_area",
    "connectivity",
    "euler_number",
    "geodesic_tortuosity",
    "constrictivity",
    "preview",
    "tortuosity_factor",
    "tortuosity_bracket",
    "tortuosity_profile",
    "dissipation",
    "block_tortuosity",
    "effective_tensor",
    "contact_mask",
    "interfacial_current",
    "contact_evolution",
    "tortuosity_band",
    "tortuosity_discretisation",
    "block_discretisation",
    "tensor_discretisation",
    "structure_discretisation",
    "collect",
    "open_results",
    "open_variants",
    "join_results",
    "split_results",
    "results_table",
    "results_tree",
    "Study",
    "compare",
    "report",
    "explore",
    "phantoms",
    "plot",
]
