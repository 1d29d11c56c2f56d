"""Small Datasets become Results: collected in one pass, with provenance, stored and opened."""

from poreflux.results.collecting import collect
from poreflux.results.exporting import export_results
from poreflux.results.joining import join_results, split_results
from poreflux.results.opening import open_results, open_variants
from poreflux.results.saving import put, save, update
from poreflux.results.table import results_table
from poreflux.results.tree import results_tree

#: as :func:`poreflux.results.save` writes, so this reads
open = open_results

__all__ = [
    "collect",
    "export_results",
    "join_results",
    "open",
    "open_results",
    "open_variants",
    "put",
    "results_table",
    "results_tree",
    "save",
    "split_results",
    "update",
]
