"""The figures that the tests of this folder draw, and how many panels each has."""

from poreflux import plot

FIGURES = [name for name in plot.__all__ if name not in ("data_uri", "parts", "png", "svg")]
MAPS = ("current_density", "current_section", "structure_factor")
OVERLAID = ("current_distribution", "together", "wagner_sweep")

#: panels of a sample, where they are more than one
PANELS = {"overview": 4, "slices": 2, "sections": 2, "block_map": 2} | dict.fromkeys(
    ("chord_length", "current_distribution", "local_thickness", "pore_size",
     "porosity_convergence", "representative_tortuosity", "representative_volume",
     "spectral_density", "two_point_correlation", "wagner_sweep"), 2,
)  # fmt: skip

#: figures that have a place for six samples
SEVERAL = [name for name in FIGURES if name != "overview"]

#: what a figure must be told beside the results
NEEDED = {"together": {"quantity": "porosity_profile"}}


def draw(name, *results, **options):
    """Return a figure by its name."""
    return getattr(plot, name)(*results, **NEEDED.get(name, {}), **options)
