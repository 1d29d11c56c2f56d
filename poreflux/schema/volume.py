"""Variables of a volume, of what a report shows of it, and of its segmentation."""

from poreflux.schema.variables import DIMS, Variable

VOLUME: dict[str, Variable] = {
    # the volume
    "gray": Variable(DIMS, "fiu", "1", "measured grey value"),
    "phase": Variable(DIMS, "u", "1", "phase label"),
    "solid_fraction": Variable(DIMS, "f", "1", "solid fraction of each voxel"),
    "mask": Variable(DIMS, "b", "1", "region of interest"),
    # the volume as a report shows it
    **{
        f"{name}_slice_{across}": Variable(
            tuple(d for d in DIMS if d != across),
            kind,
            "1",
            f"{words}, middle slice across {across}",
        )
        for name, kind, words in (("gray", "fiu", "grey value"), ("phase", "u", "phase label"))
        for across in DIMS
    },
    "phase_percent": Variable(
        ("coarse_z", "coarse_y", "coarse_x"), "u", "percent", "volume fraction in a coarse voxel"
    ),
}

SEGMENTATION: dict[str, Variable] = {
    "gray_histogram": Variable(("gray_value",), "i", "1", "number of voxels of each grey value"),
    "threshold": Variable(("cut",), "f", "1", "threshold between two phases"),
    "separability": Variable(
        (), "f", "1", "share of the variance of grey values that is between phases"
    ),
    "porosity_low": Variable((), "f", "1", "lowest porosity by other thresholds and methods"),
    "porosity_high": Variable((), "f", "1", "highest porosity by other thresholds and methods"),
    "gray_balance_porosity": Variable((), "f", "1", "porosity from grey values, no threshold"),
    "porosity_slope": Variable((), "f", "1", "change of the porosity for a threshold of contrast"),
    "porosity_at_threshold": Variable(
        ("threshold_step",), "f", "1", "porosity with the threshold lower, as is, and higher"
    ),
    "tortuosity_at_threshold": Variable(
        ("direction", "threshold_step"),
        "f",
        "1",
        "tortuosity factor with the threshold lower, as is, and higher, voxels twice as large",
    ),
    "threshold_shift": Variable((), "f", "1", "shift of the threshold for the band of porosities"),
    "method_threshold": Variable(("threshold_method",), "f", "1", "threshold of each method"),
    "method_porosity": Variable(("threshold_method",), "f", "1", "porosity of each method"),
    "gray_level_pore": Variable((), "f", "1", "grey value of the pore"),
    "gray_level_solid": Variable((), "f", "1", "grey value of the solid"),
    "gray_noise": Variable((), "f", "1", "standard deviation of the noise of grey values"),
    "gray_misfit": Variable((), "f", "1", "share of voxels that the model of grey values misses"),
}
