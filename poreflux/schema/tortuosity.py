"""Variables of the transport through a volume: tortuosity factors and what belongs to them."""

from poreflux.schema.variables import (
    ALONG,
    DIMS,
    DISCRETISATION_ENDS,
    Variable,
    by_direction,
)

TORTUOSITY: dict[str, Variable] = {
    "tortuosity_factor": Variable(("direction",), "f", "1", "tortuosity factor"),
    **{
        f"tortuosity_factor_segmentation_{end}": Variable(
            ("direction",), "f", "1", f"{words} tortuosity factor by other thresholds"
        )
        for end, words in (("low", "lowest"), ("high", "highest"))
    },
    "tortuosity_factor_percolating": Variable(
        ("direction",), "f", "1", "tortuosity factor of the percolating part"
    ),
    "effective_conductivity": Variable(
        ("direction",), "f", "1", "effective conductivity relative to the reference phase"
    ),
    "macmullin_number": Variable(("direction",), "f", "1", "MacMullin number"),
    "conducting_fraction": Variable((), "f", "1", "volume fraction of the conducting phase"),
    "percolating_fraction": Variable(
        ("direction",), "f", "1", "share of the conducting phase that joins both faces"
    ),
    "flux_imbalance": Variable(
        ("direction",), "f", "1", "largest minus smallest plane flux, relative to their mean"
    ),
    "residual": Variable(("direction",), "f", "1", "relative residual of the linear solve"),
    "relative_error": Variable(
        ("direction",), "f", "1", "relative error of the effective conductivity by the solver"
    ),
    "iterations": Variable(("direction",), "i", "1", "iterations of conjugate gradients"),
    "check_difference": Variable(
        ("direction",), "f", "1", "relative difference of an assembled matrix's conductivity"
    ),
    **by_direction(
        "local_tortuosity_factor",
        ALONG,
        "f",
        "1",
        "tortuosity factor of each plane across the transport",
    ),
    **by_direction(
        "plane_potential",
        ALONG,
        "f",
        "1",
        "mean potential of each plane, of the difference applied",
    ),
    "effective_conductivity_tensor": Variable(
        ("component", "direction"),
        "f",
        "1",
        "effective conductivity tensor relative to the reference phase",
    ),
    **{
        f"{quantity}_{end}": Variable(("direction",), "f", "1", f"{words}, {what}")
        for quantity, words in (
            ("tortuosity_factor", "tortuosity factor"),
            ("effective_conductivity", "effective conductivity relative to the reference phase"),
            ("macmullin_number", "MacMullin number"),
        )
        for end, what in DISCRETISATION_ENDS
    },
    **{
        f"effective_conductivity_tensor_{end}": Variable(
            ("component", "direction"), "f", "1", f"effective conductivity tensor, {what}"
        )
        for end, what in DISCRETISATION_ENDS
    },
    "potential": Variable(DIMS, "f", "1", "potential, of the difference applied"),
    "current_density_magnitude": Variable(
        DIMS, "f", "1", "current density, of that in a uniform block of the reference phase"
    ),
    "dissipation": Variable(
        DIMS, "f", "1", "power density, of that in a uniform block of the reference phase"
    ),
    "voxel_tortuosity_factor": Variable(DIMS, "f", "1", "local tortuosity factor of each voxel"),
    "dissipation_half_fraction": Variable(
        ("direction",), "f", "1", "share of the conducting voxels that dissipates half of the power"
    ),
    "dissipation_top_share": Variable(
        ("direction",), "f", "1", "share of the power in the top 1 % of the conducting voxels"
    ),
    "voxel_tortuosity_factor_median": Variable(
        ("direction",), "f", "1", "median of the local tortuosity factor over conducting voxels"
    ),
    "voxel_tortuosity_factor_p99": Variable(
        ("direction",), "f", "1", "99th percentile of the local tortuosity factor"
    ),
    "dissipation_imbalance": Variable(
        ("direction",), "f", "1", "relative difference of dissipated and applied power"
    ),
    "block_tortuosity_factor": Variable(
        ("direction", "block_z", "block_y", "block_x"), "f", "1", "tortuosity factor of sub-volumes"
    ),
    "block_effective_conductivity": Variable(
        ("direction", "block_z", "block_y", "block_x"),
        "f",
        "1",
        "effective conductivity of sub-volumes relative to the reference phase",
    ),
    **{
        f"block_{quantity}_solver_error": Variable(
            ("direction", "block_z", "block_y", "block_x"),
            "f",
            "1",
            f"error of the {words} of sub-volumes by the solver, at most",
        )
        for quantity, words in (
            ("tortuosity_factor", "tortuosity factor"),
            ("effective_conductivity", "effective conductivity"),
        )
    },
    "block_sample_fraction": Variable(
        ("block_z", "block_y", "block_x"), "f", "1", "part of the sub-volume inside the mask"
    ),
    "block_percolating_fraction": Variable(
        ("direction", "block_z", "block_y", "block_x"),
        "f",
        "1",
        "share of the conducting phase of sub-volumes that joins both faces",
    ),
    "block_conducting_fraction": Variable(
        ("block_z", "block_y", "block_x"),
        "f",
        "1",
        "volume fraction of the conducting phase of sub-volumes",
    ),
    "block_effective_conductivity_mean": Variable(
        ("direction",), "f", "1", "mean effective conductivity of sub-volumes"
    ),
    "block_tortuosity_factor_mean": Variable(
        ("direction",), "f", "1", "tortuosity factor by the mean conductivity of sub-volumes"
    ),
    **{
        f"{quantity}_{end}": Variable(("direction",), "f", "1", f"{words}, {what}")
        for quantity, words in (
            ("block_effective_conductivity_mean", "mean effective conductivity of sub-volumes"),
            ("block_tortuosity_factor_mean", "tortuosity factor by the mean of sub-volumes"),
        )
        for end, what in DISCRETISATION_ENDS
    },
    "effective_conductivity_sampling_error": Variable(
        ("direction",), "f", "1", "effective conductivity, sampling error: one standard deviation"
    ),
    "tortuosity_factor_sampling_error": Variable(
        ("direction",), "f", "1", "tortuosity factor, sampling error: one standard deviation"
    ),
}
