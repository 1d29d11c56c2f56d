"""Pictures of the gallery: every matplotlib Figure that an example has made by its last line."""

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def scrape(block: tuple, variables: dict, gallery: dict) -> str:
    """Save the figures that a block of an example made; return the text that shows them."""
    made = variables["example_globals"]
    shown = made.setdefault("__shown__", set())
    paths = []
    for value in list(made.values()):
        if isinstance(value, Figure) and id(value) not in shown:
            shown.add(id(value))
            path = next(variables["image_path_iterator"])
            value.savefig(path, dpi=110, bbox_inches="tight", facecolor="white")
            paths.append(path)
    return figure_rst(paths, gallery["src_dir"])


def _get_sg_image_scraper():
    """Return the function by which sphinx-gallery collects pictures."""
    return scrape
