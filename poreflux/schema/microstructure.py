"""Every variable that poreflux writes: name, dims, kind of number, units, meaning.

A name appears here once; functions that make a variable take its attributes from here, so that the
same quantity has the same units and label in a store, a table and a figure.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Variable:
    """One variable of a Volume or of Results.

    ``kind`` is the NumPy dtype kind (``"f"``, ``"i"``, ``"u"``, ``"b"``); ``units`` are readable by
    pint, ``"1"`` where there is none.
    """

    dims: tuple[str, ...]
    kind: str
    units: str
    long_name: str


#: fill value of stored phase labels; it is no label, so that a lost chunk cannot read as pore
NO_PHASE = 255

Direction = Literal["z", "y", "x"]

DIMS: tuple[Direction, Direction, Direction] = ("z", "y", "x")

VARIABLES: dict[str, Variable] = {
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
    # porosity
    "porosity": Variable((), "f", "1", "porosity"),
    "pore_voxels": Variable((), "i", "1", "number of pore voxels"),
    "voxels": Variable((), "i", "1", "number of voxels in the region of interest"),
    "porosity_profile": Variable(("z",), "f", "1", "porosity of each plane along z"),
    "porosity_profile_y": Variable(("y",), "f", "1", "porosity of each plane along y"),
    "porosity_profile_x": Variable(("x",), "f", "1", "porosity of each plane along x"),
    "block_porosity": Variable(("block_z", "block_y", "block_x"), "f", "1", "porosity of a block"),
    "block_porosity_mean": Variable((), "f", "1", "mean of the block porosities"),
    "block_porosity_std": Variable((), "f", "1", "standard deviation of the block porosities"),
    # structure factor
    "structure_factor": Variable(("y", "x"), "f", "1", "structure factor along z"),
    "structure_factor_y": Variable(("z", "x"), "f", "1", "structure factor along y"),
    "structure_factor_x": Variable(("z", "y"), "f", "1", "structure factor along x"),
    "structure_factor_mean_abs": Variable(
        ("direction",), "f", "1", "mean absolute structure factor"
    ),
    "structure_factor_rms": Variable(("direction",), "f", "1", "root mean square structure factor"),
    "structure_factor_p95": Variable(
        ("direction",), "f", "1", "95th percentile of the absolute structure factor"
    ),
    "structure_factor_null": Variable(
        ("direction",), "f", "1", "rms structure factor of a homogeneous medium of the same pores"
    ),
    "structure_factor_z_score": Variable(
        ("direction",), "f", "1", "rms structure factor relative to a homogeneous medium"
    ),
    "integral_length": Variable(
        ("direction",), "f", "um", "integral length of the pores' autocorrelation"
    ),
    "autocorrelation": Variable(
        ("direction", "lag"), "f", "1", "autocorrelation of the pores along a direction"
    ),
    # segmentation
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
    # pores, one row each
    "pore_voxel_count": Variable(("pore",), "i", "1", "number of voxels of a pore"),
    "pore_volume": Variable(("pore",), "f", "um^3", "volume of a pore"),
    "pore_diameter": Variable(("pore",), "f", "um", "diameter of the sphere of a pore's volume"),
    **{
        f"pore_centroid_{dim}": Variable(("pore",), "f", "um", f"{dim} of a pore's centroid")
        for dim in DIMS
    },
    **{
        f"pore_extent_{dim}": Variable(("pore",), "f", "um", f"extent of a pore along {dim}")
        for dim in DIMS
    },
    "pore_surface": Variable(("pore",), "f", "um^2", "surface of a pore inside the volume"),
    "pore_sphericity": Variable(("pore",), "f", "1", "sphericity of a pore"),
    "pore_on_edge": Variable(("pore",), "b", "1", "pore that reaches the edge of the volume"),
    "pore_coordination": Variable(("pore",), "i", "1", "number of throats of a pore"),
    "pore_label": Variable(DIMS, "i", "1", "number of the pore of each voxel, 0 outside pores"),
    # pore sizes
    "pore_number": Variable(("diameter",), "i", "1", "number of pores"),
    "pore_number_resolved": Variable(
        ("diameter",), "i", "1", "number of pores of 8 voxels or more"
    ),
    "pore_number_unbiased": Variable(
        ("diameter",), "f", "1", "number of pores, weighted for those the edges cut"
    ),
    "pore_volume_share": Variable(("diameter",), "f", "1", "share of the pore volume"),
    "pore_count": Variable((), "i", "1", "number of pores"),
    "pore_count_resolved": Variable((), "i", "1", "number of pores of 8 voxels or more"),
    "pore_count_on_edge": Variable((), "i", "1", "number of pores that reach the volume's edge"),
    "pore_count_unbiased": Variable(
        (), "f", "1", "number of pores, weighted for those the edges cut"
    ),
    "pore_largest_share": Variable((), "f", "1", "share of the pore volume in the largest pore"),
    **{
        f"pore_diameter{by}_{name}": Variable(
            ("mode",) if name == "modes" else (), "f", "um", f"{words} of the pore diameter{how}"
        )
        for by, how in (("", ""), ("_by_volume", ", weighted by volume"))
        for name, words in (
            ("mean", "mean"),
            ("std", "standard deviation"),
            ("median", "median"),
            ("modes", "modes"),
        )
    },
    # chords
    **{
        f"chord_{name}": Variable(("direction",), kind, units, words)
        for name, kind, units, words in (
            ("count", "i", "1", "number of whole chords"),
            ("count_cut", "i", "1", "number of chords that the edge cuts"),
            ("length_mean", "f", "um", "mean chord length"),
            ("length_std", "f", "um", "standard deviation of the length of whole chords"),
            ("length_by_length_mean", "f", "um", "mean length of whole chords, weighted by length"),
            ("length_longest", "f", "um", "length of the longest chord"),
        )
    },
    **{
        f"chord_{name}": Variable(("direction", "diameter"), kind, "1", words)
        for name, kind, words in (
            ("number", "i", "number of whole chords"),
            ("number_unbiased", "f", "number of chords, weighted for those the edges cut"),
            ("length_share", "f", "share of the length of whole chords"),
        )
    },
    # surface
    "specific_surface": Variable((), "f", "um^-1", "surface of a unit of volume"),
    "surface_area": Variable((), "f", "um^2", "surface area"),
    "specific_surface_faces": Variable((), "f", "um^-1", "voxel faces of a unit of volume"),
    "surface_crossings": Variable(("step",), "f", "1", "share of pairs of neighbours that differ"),
    # spectral density
    **{
        f"spectral_density{name}": Variable(dims, "f", units, f"spectral density{words}")
        for name, dims, units, words in (
            ("", ("wavenumber",), "um^3", ""),
            ("_error", ("wavenumber",), "um^3", ", standard error"),
            ("_modes", ("wavenumber",), "1", ", number of waves"),
            ("_in_plane", ("direction", "wavenumber"), "um^3", " of waves across a direction"),
            ("_along", ("direction", "wavenumber"), "um^3", " of waves along a direction"),
        )
    },
    # two-point correlation
    "two_point_probability": Variable(("separation",), "f", "1", "two-point probability"),
    "two_point_probability_error": Variable(
        ("separation",), "f", "1", "two-point probability, standard error"
    ),
    "two_point_covariance": Variable(("separation",), "f", "1", "two-point covariance"),
    "two_point_covariance_along": Variable(
        ("direction", "separation"), "f", "1", "two-point covariance along a direction"
    ),
    # arrangement
    **{
        name: Variable((), "f", units, words)
        for name, units, words in (
            ("spectral_density_zero", "um^3", "spectral density of long waves"),
            ("integral_range", "um^3", "integral range"),
            ("hyperuniformity_index", "1", "spectral density of long waves over the dominant"),
            ("clustering_ratio", "1", "integral range over the typical volume of a pore"),
            ("dominant_wavelength", "um", "dominant wavelength"),
            ("clark_evans_ratio", "1", "distance to the nearest pore relative to random"),
            ("bragg_height", "1", "highest peak of the structure factor of points"),
            ("bragg_wavelength", "um", "wavelength of the highest peak"),
            ("bragg_significance", "1", "-log10 of the chance of such a peak at random"),
            ("block_moran", "1", "Moran's I of the block porosities"),
        )
    },
    "spectral_density_zero_modes": Variable((), "i", "1", "number of long waves"),
    "column_ratio": Variable(
        ("direction",), "f", "1", "power of long waves across a direction over that of others"
    ),
    "point_count": Variable((), "i", "1", "number of pores taken as points"),
    # representative volume
    **{
        f"representative_{name}": Variable(
            ("edge",), kind, "1", f"{words} of the cubes of one edge"
        )
        for name, kind, words in (
            ("mean", "f", "mean porosity"),
            ("std", "f", "standard deviation of the porosity"),
            ("ci95", "f", "95 % interval of the mean porosity"),
            ("count", "i", "number"),
        )
    },
    "representative_number": Variable(
        ("edge", "accuracy"), "f", "1", "number of cubes that give the porosity"
    ),
    "representative_edge": Variable(
        ("accuracy",), "f", "um", "edge of the cube that gives the porosity"
    ),
    "variance_exponent": Variable((), "f", "1", "decay exponent of the variance of porosity"),
    "variance_exponent_error": Variable((), "f", "1", "decay exponent, standard error"),
    "variance_integral_range": Variable((), "f", "um^3", "integral range by scatter"),
    "field_porosity": Variable(("field",), "f", "1", "porosity of concentric fields of view"),
    "coarse_porosity": Variable(("factor",), "f", "1", "porosity with larger voxels"),
    "extrapolated_porosity": Variable((), "f", "1", "porosity at voxels of size zero"),
    **{
        f"representative_tortuosity_{name}": Variable(
            ("direction", "cube_edge"), kind, "1", f"{words} of the cubes of one edge"
        )
        for name, kind, words in (
            ("mean", "f", "mean tortuosity factor"),
            ("std", "f", "standard deviation of the tortuosity factor"),
            ("ci95", "f", "95 % interval of the mean tortuosity factor"),
            ("count", "i", "number"),
            ("closed", "i", "number without a path"),
        )
    },
    "representative_tortuosity_number": Variable(
        ("direction", "cube_edge", "accuracy"), "f", "1", "number of cubes that give the mean"
    ),
    "representative_tortuosity_exponent": Variable(
        ("direction",), "f", "1", "decay exponent of the variance of the tortuosity factor"
    ),
    # local thickness
    "local_thickness": Variable(DIMS, "f", "um", "diameter of the largest ball at each voxel"),
    "local_thickness_share": Variable(
        ("diameter",), "f", "1", "share of the volume by local thickness"
    ),
    **{
        f"local_thickness_{name}": Variable((), "f", "um", f"{words} local thickness")
        for name, words in (
            ("mean", "mean"),
            ("std", "standard deviation of the"),
            ("largest", "largest"),
        )
    },
    # connectivity
    "cluster_count": Variable(("neighbours",), "i", "1", "number of clusters"),
    "largest_cluster_fraction": Variable(
        ("neighbours",), "f", "1", "share of the phase in its largest cluster"
    ),
    "isolated_fraction": Variable(
        ("neighbours",), "f", "1", "share of the phase in clusters that reach no face"
    ),
    "percolating_phase_fraction": Variable(
        ("neighbours", "direction"), "f", "1", "share of the phase in clusters that join both faces"
    ),
    "euler_number": Variable(("neighbours",), "i", "1", "Euler number"),
    "euler_density": Variable(("neighbours",), "f", "um^-3", "Euler number of a unit of volume"),
    # transport
    "tortuosity_factor": Variable(("direction",), "f", "1", "tortuosity factor"),
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
        ("direction",), "f", "1", "estimated relative solver error of the effective conductivity"
    ),
    "iterations": Variable(("direction",), "i", "1", "iterations of conjugate gradients"),
    "check_difference": Variable(
        ("direction",), "f", "1", "relative difference of an assembled matrix's conductivity"
    ),
    "local_tortuosity_factor": Variable(
        ("direction",), "f", "1", "tortuosity factor of each plane across the transport"
    ),
    "plane_potential": Variable(
        ("direction",), "f", "1", "mean potential of each plane, of the difference applied"
    ),
    "effective_conductivity_tensor": Variable(
        ("component", "direction"),
        "f",
        "1",
        "effective conductivity tensor relative to the reference phase",
    ),
    "potential": Variable(DIMS, "f", "1", "potential, of the difference applied"),
    "current_density_magnitude": Variable(
        DIMS, "f", "1", "current density, of that in a uniform block of the reference phase"
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
    "block_percolating_fraction": Variable(
        ("direction", "block_z", "block_y", "block_x"),
        "f",
        "1",
        "share of the conducting phase of sub-volumes that joins both faces",
    ),
}

_ACROSS = {"": ("y", "x"), "_y": ("z", "x"), "_x": ("z", "y")}

#: numbers of one map of the current density at an electrode
_CURRENT = {
    "current_density_mean": ("f", "mA/cm**2", "mean current density of the contact"),
    "current_density_cv": ("f", "1", "coefficient of variation of the current density"),
    "current_density_max": ("f", "mA/cm**2", "largest current density"),
    "current_density_p01": ("f", "mA/cm**2", "1st percentile of the current density"),
    "current_density_p05": ("f", "mA/cm**2", "5th percentile of the current density"),
    "current_density_p50": ("f", "mA/cm**2", "median current density"),
    "current_density_p95": ("f", "mA/cm**2", "95th percentile of the current density"),
    "current_density_p99": ("f", "mA/cm**2", "99th percentile of the current density"),
    "current_density_gini": ("f", "1", "Gini coefficient of the current density"),
    "high_current_fraction": ("f", "1", "share of the contact above 2 mA/cm²"),
    "hot_spot_fraction": ("f", "1", "share of the contact above 1.5 times the mean current"),
    "hot_spot_count": ("i", "1", "number of hot spots"),
    "hot_spot_area": ("f", "um**2", "mean area of a hot spot"),
    "hot_spot_area_largest": ("f", "um**2", "area of the largest hot spot"),
    "hot_spot_spacing": ("f", "um", "mean distance from a hot spot to the nearest other"),
    "current_correlation_length": ("f", "um", "correlation length of the current density"),
    "contact_fraction": ("f", "1", "share of the face that reacts"),
    "contact_mask_fraction": ("f", "1", "share of the face in contact, pores included"),
    "area_specific_resistance": ("f", "ohm*cm**2", "area-specific resistance of the whole face"),
    "area_specific_resistance_bulk": ("f", "ohm*cm**2", "area-specific resistance of the bulk"),
    "area_specific_resistance_constriction": (
        "f",
        "ohm*cm**2",
        "area-specific resistance of constriction",
    ),
    "area_specific_resistance_kinetic": (
        "f",
        "ohm*cm**2",
        "area-specific resistance of the interface",
    ),
    "wagner_length": ("f", "um", "Wagner length"),
    "current_mismatch": ("f", "1", "current that leaves over current that enters, less one"),
    "current_residual": ("f", "1", "imbalance of any voxel at most, over the mean of a face"),
    "current_iterations": ("i", "1", "iterations of conjugate gradients for the current"),
    "newton_steps": ("i", "1", "steps of Newton's method"),
}

VARIABLES |= {
    **{f"current_density{s}": Variable(dims, "f", "mA/cm**2", "current density at the electrode")
       for s, dims in _ACROSS.items()},
    **{f"interface_state{s}": Variable(dims, "u", "1", "state of each face of the electrode")
       for s, dims in _ACROSS.items()},
    **{f"current_section{s}": Variable(dims, "f", "mA/cm**2", "current density, middle section")
       for s, dims in {"": ("z", "x"), "_y": ("y", "x"), "_x": ("x", "y")}.items()},
    **{name: Variable(("direction",), *rest) for name, rest in _CURRENT.items()},
    "unconnected_contact_fraction": Variable(
        ("direction",), "f", "1", "share of the face in contact with idle electrolyte"
    ),
    "carrying_fraction": Variable(
        ("direction",), "f", "1", "share of the conducting phase that carries current"
    ),
    "current_structure_correlation": Variable(
        ("direction",), "f", "1", "correlation of the current with the porosity of its column"
    ),
    "current_porosity_correlation": Variable(
        ("direction",), "f", "1", "correlation of the current with the porosity near the electrode"
    ),
    "current_flux_imbalance": Variable(
        ("direction",), "f", "1", "largest minus smallest current through a plane, relative"
    ),
    **{f"sweep_{name}": Variable(("direction", "swept_wagner_length"), *rest)
       for name, rest in _CURRENT.items()},
    **{f"sweep_current_density{s}": Variable(
           ("swept_wagner_length", *dims), "f", "mA/cm**2", "current density at the electrode")
       for s, dims in _ACROSS.items()},
    **{f"upscaled_{name}": Variable(("direction",), kind, units, f"{words}, from blocks")
       for name, (kind, units, words) in _CURRENT.items()},
    **{f"upscaled_current_density{s}": Variable(
           tuple(f"cell_{dim}" for dim in dims), "f", "mA/cm**2",
           "current density at the electrode, from blocks")
       for s, dims in _ACROSS.items()},
    "upscaled_correlation": Variable(
        ("direction",), "f", "1", "correlation of the current from blocks with that from voxels"
    ),
    **{f"evolution_{name}": Variable(("evolution_step",), *_CURRENT[name])
       for name in ("contact_fraction", "current_density_cv", "current_density_p99",
                    "area_specific_resistance")},
    "evolution_capacity": Variable(
        ("evolution_step",), "f", "mA*hour/cm**2", "capacity passed, positive where plated"
    ),
    "evolution_contact": Variable(("evolution_step", "y", "x"), "u", "1", "contact with the metal"),
    "evolution_gap": Variable(("y", "x"), "f", "um", "metal missing at the electrode"),
    "cell_potential": Variable(DIMS, "f", "V", "potential against the electrode"),
    "cell_current_density": Variable(DIMS, "f", "mA/cm**2", "magnitude of the current density"),
}  # fmt: skip


def attributes(name: str) -> dict[str, str]:
    """Return the ``units`` and ``long_name`` of a variable.

    Parameters
    ----------
    name
        a key of :data:`VARIABLES`.

    Examples
    --------
    >>> attributes("tortuosity_factor")
    {'units': '1', 'long_name': 'tortuosity factor'}
    """
    variable = VARIABLES[name]
    return {"units": variable.units, "long_name": variable.long_name}
