"""The discretisation intervals of several conductors, of the mean of sub-volumes and of the tensor
hold what voxels four times finer give, on the media of the discretisation error.

Pores conduct a twentieth or a third of what the solid does; sub-volumes are 2 x 2 x 2; for the
tensor the volume is one period, with faces that do not match.
"""

import itertools

import poreflux as pf
from tests.coverage.discretisation_error import FINER, RTOL, Medium, media, voxels, within
from tests.coverage.table import Row, at_least

#: realisations of each medium in the ordinary tests, of small volumes
FEW = 1

#: edge of the volumes in voxels; of those of the ordinary tests
N, SMALL = 24, 12

#: of pores, relative to the solid
CONTRASTS = (0.05, 0.3)


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of all quantities, over all media and by their kind."""
    n = N if count is None else SMALL
    chosen = list(media(n, seed))
    by_kind = itertools.groupby(sorted(chosen, key=lambda m: m.kind), lambda m: m.kind)
    found: dict[str, dict[str, list[bool]]] = {}
    for kind, group in by_kind:
        some = list(group)
        some = some[: len(some) // 2] if count is None else some[-count:]
        for place, medium in enumerate(some):
            for quantity, inside in of_medium(medium, n, CONTRASTS[place % 2]).items():
                found.setdefault(quantity, {}).setdefault(kind, []).extend(inside)
    rows = []
    for quantity, kinds in found.items():
        everything = [one for inside in kinds.values() for one in inside]
        claim, wanted = f"discretisation of {quantity}", 0.9 if count is None else 0.6
        rows.append(at_least(claim, "all kinds", everything, wanted))
        if count is None:
            rows += [at_least(claim, kind, inside, 0.6) for kind, inside in kinds.items()]
    return rows


def of_medium(medium: Medium, n: int, contrast: float) -> dict[str, list[bool]]:
    """Return of each quantity whether its interval has the value on finer voxels."""
    volumes = voxels(~medium.pores(n)), voxels(~medium.pores(FINER * n), 1 / FINER)
    both = {"electrolyte": 1.0, "pore": contrast}
    coarse, fine = (pf.tortuosity_factor(v, conductivity=both, rtol=RTOL) for v in volumes)
    coarse = coarse.merge(pf.tortuosity_discretisation(volumes[0], coarse))
    found = {"the tortuosity factor, several conductors": within(coarse, fine, "tortuosity_factor")}
    options = {"blocks": (2, 2, 2), "direction": "z", "rtol": RTOL}
    coarse, fine = (pf.block_tortuosity(v, **options) for v in volumes)
    coarse = coarse.merge(pf.block_discretisation(volumes[0], coarse))
    found["the mean of sub-volumes"] = within(coarse, fine, "block_tortuosity_factor_mean")
    coarse, fine = (pf.effective_tensor(v, rtol=RTOL) for v in volumes)
    coarse = coarse.merge(pf.tensor_discretisation(volumes[0], coarse))
    name = "effective_conductivity_tensor"
    for words, offset in (("the diagonal of the tensor", 0), ("the tensor beside its diagonal", 1)):
        found[words] = []
        for k in range(3):
            place = {"component": k, "direction": (k + offset) % 3}
            if all(float(fine[name][i, i]) > 0 for i in set(place.values())):
                found[words] += within(*(r.isel(place) for r in (coarse, fine)), name)
    return found
