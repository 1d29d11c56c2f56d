"""The site: Sphinx, built by `make docs` without a network."""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent)]
# what the pages run finds `poreflux` where the program that builds them lies
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# what kernels of notebooks log at every start would hide what matters
os.environ["IPYTHONDIR"] = str(HERE / "_build" / "ipython")
profile = HERE / "_build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text('c.IPKernelApp.log_level = "ERROR"\n')
warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification.*")

import reference_pages  # noqa: E402, the path is set above

from poreflux import __version__  # noqa: E402

reference_pages.write(HERE / "generated")

project = "poreflux"
author = "the poreflux developers"
copyright = "the poreflux developers"
version = release = __version__

extensions = [
    "mathml",
    "commands",
    "registry",
    "returns",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_extensions", "gallery", "generated/gallery/**.ipynb"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "poreflux"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
}

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
nb_execution_mode = "cache"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
maximum_signature_line_length = 88

# quotes and dashes stay as they are: options have two
smartquotes = False

# a name that is public must be found; those of other packages are not linked, since the site is
# built and read without a network; inner ones, which docstrings name for developers, have no page
nitpicky = True
nitpick_ignore_regex = [
    ("py:class", ".*"),
    ("py:.*", r"(?!poreflux\.).*"),
    ("py:.*", r"poreflux\.(?!plot\.|phantoms\.)[a-z_]+\..*"),
    ("py:.*", r"poreflux\.(Study|phantoms\.\w+)\..*"),
]
html_domain_indices = False

sphinx_gallery_conf = {
    "examples_dirs": ["gallery"],
    "gallery_dirs": ["generated/gallery"],
    "filename_pattern": "/plot_",
    "image_scrapers": ("figures",),
    "reset_modules": (),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 10_000,
    "write_computation_times": False,
    "within_subsection_order": "FileNameSortKey",
}
