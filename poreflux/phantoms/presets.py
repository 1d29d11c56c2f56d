"""Synthetic twins of six pressed electrolytes: two powders, each at 100, 300 and 500 MPa.

They are made to share porosity, tortuosity factor and variation between blocks with the samples of
Lin et al., ACS Energy Lett. 2024, 9, 2387, whose tomograms are not public. All else is assumed:
that pores are oblate, that they cluster, and their positions. The fine powder at 100 MPa has thin
and dense clusters within some 40 µm of its two faces, as if it delaminated where it met the
punches, and weak ones inside: with them its current is on average the most uneven one, as it was
found to be in spite of its few pores. How deep they reach is an assumption, see docs/twins.md.
"""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import xarray as xr

from poreflux.phantoms.exact import Shape, three
from poreflux.phantoms.generate import generate
from poreflux.phantoms.modulation import Modulation
from poreflux.phantoms.oblate import OblatePores, with_expected_porosity
from poreflux.volume import three_lengths

#: edge in µm of the voxels of the samples, and of ours, and of the volumes calibrated on in voxels
VOXEL_SIZE = 0.92
CALIBRATED_EDGE = 500


@dataclass(frozen=True)
class Properties:
    """Measured properties of a sample.

    Parameters
    ----------
    porosity
        volume fraction of pores.
    tortuosity_factor
        along z, of the electrolyte.
    block_deviation
        standard deviation of the porosity of cubic blocks of 115 µm.
    """

    porosity: float
    tortuosity_factor: float
    block_deviation: float


@dataclass(frozen=True)
class Twin:
    """A calibrated plan, its target properties, and those it achieved.

    Parameters
    ----------
    plan
        of the pores; its seed is the one of the calibration.
    target
        to meet in a cube of 500 voxels of 0.92 µm. Published are the ranges of porosity and
        tortuosity factor of each powder, and that both fall with pressure. That their ends belong
        to 100 and 500 MPa is our reading; 300 MPa lies between. The deviation between blocks
        follows from published spreads of the tortuosity factor for the fine powder at 100 MPa
        (3.3 to 7 %, of which 5 % is our choice), and is a choice below 2 % for the others.
    achieved
        measured on that cube at that seed, with the tortuosity factors in the plane beside.
    corner_pores
        pore voxels among the first 64³, to test that the random numbers are the same.
    """

    plan: OblatePores
    target: Properties
    achieved: dict[str, float] = field(hash=False)
    corner_pores: int


def _regular(
    seed: int, specks: float, layers: float, porosity: float, aspect: float, clusters: float
) -> OblatePores:
    modulation = Modulation(clusters, 25.0, layers, 40.0)
    return OblatePores(
        porosity, 11.0, aspect=aspect, specks=specks, modulation=modulation, seed=seed
    )


#: thin clusters near both faces of the fine powder at 100 MPa; see docs/twins.md
DELAMINATED = Modulation(
    1.2,
    30.0,
    face_clusters=3.0,
    face_cluster_length=(5.0, 60.0, 60.0),
    face_depth=40.0,
    faces=(0.0, CALIBRATED_EDGE * VOXEL_SIZE),
)


def _fine(
    seed: int, diameter: float, length: float, porosity: float, aspect: float, clusters: float
) -> OblatePores:
    modulation = Modulation(clusters, length)
    return OblatePores(porosity, diameter, aspect=aspect, modulation=modulation, seed=seed)


def _achieved(porosity: float, z: float, y: float, x: float, deviation: float) -> dict[str, float]:
    return {
        "porosity": porosity,
        "tortuosity_factor": z,
        "tortuosity_factor_y": y,
        "tortuosity_factor_x": x,
        "block_deviation": deviation,
    }


TWINS = {
    "regular_100": Twin(
        _regular(1, 1.5, 0.08, 0.1745, 0.4587, 0.2917),
        Properties(0.179, 1.30, 0.018),
        _achieved(0.17892, 1.30001, 1.10646, 1.10534, 0.01862),
        corner_pores=53791,
    ),
    "regular_300": Twin(
        _regular(2, 2.0, 0.06, 0.1527, 0.5236, 0.1875),
        Properties(0.155, 1.22, 0.015),
        _achieved(0.15512, 1.22032, 1.09206, 1.09221, 0.01494),
        corner_pores=42562,
    ),
    "regular_500": Twin(
        _regular(3, 2.5, 0.04, 0.1376, 0.6050, 0.1836),
        Properties(0.139, 1.17, 0.012),
        _achieved(0.13893, 1.16792, 1.08499, 1.08496, 0.01151),
        corner_pores=38491,
    ),
    "fine_100": Twin(
        OblatePores(0.08297, 6.4, aspect=0.75, modulation=DELAMINATED, seed=4),
        Properties(0.095, 1.13, 0.05),
        _achieved(0.09487, 1.12184, 1.07768, 1.07480, 0.04006),
        corner_pores=9727,
    ),
    "fine_300": Twin(
        _fine(5, 6.0, 30.0, 0.07604, 0.7367, 0.3423),
        Properties(0.075, 1.08, 0.010),
        _achieved(0.07498, 1.08058, 1.05479, 1.05474, 0.00954),
        corner_pores=22334,
    ),
    "fine_500": Twin(
        _fine(6, 5.6, 30.0, 0.0632, 0.951, 0.303),
        Properties(0.061, 1.05, 0.007),
        _achieved(0.06120, 1.05297, 1.04970, 1.04972, 0.00724),
        corner_pores=20392,
    ),
}


def synthetic_twin(
    name: str,
    shape: Shape = CALIBRATED_EDGE,
    *,
    seed: int | None = None,
    voxel_size: float | Sequence[float] = VOXEL_SIZE,
    chunks: int | Sequence[int] = 128,
    supersample: int = 1,
    fit_porosity: bool = False,
) -> xr.Dataset:
    """Make the synthetic twin of a pressed electrolyte, lazily and of any size.

    Parameters
    ----------
    name
        ``"regular_100"``, ``"regular_300"``, ``"regular_500"``, ``"fine_100"``, ``"fine_300"`` or
        ``"fine_500"``: powder, and pressure in MPa.
    shape
        voxels (z, y, x), or one number for a cube. A smaller volume is a corner of a larger one; of
        ``"fine_100"`` only where both are equally high, since its faces are those of the volume.
    seed
        another one makes another sample of the same kind; by default that of the calibration.
    voxel_size
        edge of a voxel in µm; the pores stay the same.
    chunks
        edge of a chunk in voxels.
    supersample
        where above 1, adds `solid_fraction`, see :func:`generate`.
    fit_porosity
        move the number of pores so that a volume of this shape and seed is expected to have the
        target porosity, whatever part of a cluster it holds; it is then no corner of a larger one.

    Returns
    -------
    Dataset with `phase` (0 pore, 1 electrolyte). ``attrs["phantom"]`` holds the target properties
    and those of the calibrated volume (500 voxels along each edge, default seed and voxel size);
    other volumes differ by chance, small ones by much, and less so with `fit_porosity`.

    Notes
    -----
    Oblate pores with their short axes about z, as if pressed along it, in a Cox process: the twins
    conduct better in the plane than through it. The tortuosity factors are those of binary voxels.

    References
    ----------
    Lin et al., ACS Energy Lett. 2024, 9, 2387, for porosities and tortuosity factors.

    Examples
    --------
    >>> volume = synthetic_twin("fine_500", 64)
    >>> volume.attrs["phantom"]["target"]["porosity"]
    0.061
    """
    if name not in TWINS:
        raise ValueError(f"name={name!r} is not a twin; choose one of {tuple(TWINS)}")
    twin = TWINS[name]
    plan = twin.plan if seed is None else replace(twin.plan, seed=seed)
    if plan.modulation.varies:
        height = three(shape)[0] * three_lengths(voxel_size)[0]
        plan = replace(plan, modulation=replace(plan.modulation, faces=(0.0, height)))
    if fit_porosity:
        plan = replace(plan, porosity=twin.target.porosity)
        plan = with_expected_porosity(plan, three(shape), three_lengths(voxel_size))
    volume = generate(plan, shape, voxel_size=voxel_size, chunks=chunks, supersample=supersample)
    calibrated = {"shape": [CALIBRATED_EDGE] * 3, "voxel_size": VOXEL_SIZE, "seed": twin.plan.seed}
    same = {"shape": list(volume.phase.shape), "voxel_size": voxel_size, "seed": plan.seed}
    volume.attrs["phantom"] = {
        "name": name,
        "kind": "synthetic twin; no measured tomogram",
        "plan": volume.attrs["phantom"],
        "target": asdict(twin.target),
        "achieved": twin.achieved,
        "achieved_on": calibrated,
        "is_the_calibrated_volume": same == calibrated and not fit_porosity,
    }
    return volume


regular_100 = functools.partial(synthetic_twin, "regular_100")
regular_300 = functools.partial(synthetic_twin, "regular_300")
regular_500 = functools.partial(synthetic_twin, "regular_500")
fine_100 = functools.partial(synthetic_twin, "fine_100")
fine_300 = functools.partial(synthetic_twin, "fine_300")
fine_500 = functools.partial(synthetic_twin, "fine_500")
