"""Results as a tree: a node for each group of variables."""

import xarray as xr

from poreflux.schema.groups import GROUPS, group_of, quantity_of


def results_tree(results: xr.Dataset) -> xr.DataTree:
    """Return Results by group: porosity, pores, connectivity, tortuosity, current and others.

    Parameters
    ----------
    results
        of :func:`poreflux.collect`, :func:`poreflux.open_results` or :func:`poreflux.join_results`.

    Returns
    -------
    tree of Datasets, one for each group that has variables, each with its own coordinates; the
    attributes of the results are those of its root.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.uniform((4, 4, 4))
    >>> parts = poreflux.porosity(volume), poreflux.tortuosity_factor(volume)
    >>> tree = results_tree(poreflux.collect(*parts))
    >>> list(tree.children)
    ['porosity', 'tortuosity']
    >>> float(tree["tortuosity/tortuosity_factor"][0])
    1.0
    """
    members: dict[str, list[str]] = {group: [] for group in GROUPS}
    for name in map(str, results.data_vars):
        group = group_of(name)
        members[group if group != "other" else group_of(quantity_of(name))].append(name)
    nodes = {
        f"/{group}": results[names].drop_attrs(deep=False)
        for group, names in members.items()
        if names
    }
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=results.attrs), **nodes})
