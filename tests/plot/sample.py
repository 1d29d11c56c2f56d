"""A small Results Dataset made by hand, with the names of the schema."""

import numpy as np
import xarray as xr

EDGE, H = 32, 0.92


def sample_results() -> xr.Dataset:
    """Return results of overlapping round pores in a cube of 32 voxels of 0.92 µm."""
    pore = round_pores()
    z = (np.arange(EDGE) + 0.5) * H
    results = xr.Dataset(coords={d: (d, z, {"units": "um"}) for d in "zyx"})
    gray = np.where(pore, 40, 120).astype(np.uint8)
    flags = {"flag_values": np.array([0, 1], np.uint8), "flag_meanings": "pore electrolyte"}
    for direction, dims in {"z": ("y", "x"), "y": ("z", "x"), "x": ("z", "y")}.items():
        middle = {direction: EDGE // 2}
        results[f"gray_slice_{direction}"] = _labelled(gray).isel(middle, drop=True)
        results[f"phase_slice_{direction}"] = _labelled((~pore).astype(np.uint8)).isel(
            middle, drop=True
        )
        results[f"phase_slice_{direction}"].attrs = flags
        assert results[f"gray_slice_{direction}"].dims == dims
    coarse = {f"coarse_{d}": z for d in "zyx"}
    results["phase_percent"] = xr.DataArray(
        pore * np.uint8(100), dims=tuple(coarse), coords=coarse, attrs={"phase": "pore"}
    )
    results["gray_histogram"] = xr.DataArray(
        np.bincount(gray.ravel(), minlength=256), dims="gray_value",
        coords={"gray_value": np.arange(256)},
    )  # fmt: skip
    results["threshold"] = ("cut", [80.0])
    results["porosity"] = xr.DataArray(pore.mean())
    results["porosity_profile"] = xr.DataArray(pore.mean((1, 2)), dims="z")
    results["structure_factor"] = xr.DataArray(
        pore.mean(0) - pore.mean(), dims=("y", "x"),
        attrs={"long_name": "column porosity minus mean porosity", "units": "1"},
    )  # fmt: skip
    edge = EDGE // 4
    blocks = pore.reshape(4, edge, 4, edge, 4, edge).mean((1, 3, 5))
    centres = {f"block_{d}": (np.arange(4) + 0.5) * edge * H for d in "zyx"}
    results["block_porosity"] = xr.DataArray(blocks, dims=tuple(centres), coords=centres)
    tortuosity = np.stack([1 + s * blocks for s in (1.2, 1.1, 1.0)])
    tortuosity[2, 0, 0, 0] = np.inf
    results["block_tortuosity_factor"] = xr.DataArray(
        tortuosity, dims=("direction", *centres), coords={"direction": list("zyx"), **centres}
    )
    results["tortuosity_factor"] = xr.DataArray([1.21, 1.19, 1.18], dims="direction")
    results.attrs["voxel_size"] = [H, H, H]
    return results


def round_pores() -> np.ndarray:
    """Return a boolean cube in which about a sixth is pore, as overlapping balls."""
    rng = np.random.default_rng(5)
    index = np.indices((EDGE,) * 3)
    pore = np.zeros((EDGE,) * 3, bool)
    for centre in rng.uniform(0, EDGE, (14, 3)):
        pore |= np.sum((index - centre[:, None, None, None]) ** 2, axis=0) < 5.0**2
    return pore


def _labelled(array: np.ndarray) -> xr.DataArray:
    z = (np.arange(EDGE) + 0.5) * H
    coords = {d: (d, z, {"units": "um"}) for d in "zyx"}
    return xr.DataArray(array, dims=("z", "y", "x"), coords=coords)
