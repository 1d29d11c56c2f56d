"""The names of phases, and what they say."""

from collections.abc import Iterable


def conductor_of(labels: Iterable[str]) -> str | None:
    """Return the phase that conducts where nothing is said: `electrolyte`, or the only one that is
    not `pore`; None where that is open.

    Examples
    --------
    >>> conductor_of(("pore", "LPSCl")), conductor_of(("pore", "active", "binder"))
    ('LPSCl', None)
    """
    solids = [name for name in labels if name != "pore"]
    if "electrolyte" in solids:
        return "electrolyte"
    return solids[0] if len(solids) == 1 else None
