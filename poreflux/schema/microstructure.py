"""Variables of the microstructure: what metrics measure of the phases."""

from poreflux.schema.variables import (
    ACROSS,
    ALONG,
    DIMS,
    DISCRETISATION_ENDS,
    Variable,
    by_direction,
)

#: share of a phase in its largest component above which it is a network rather than pores: told by
#: `pore_largest_share` and `largest_cluster_fraction`
NETWORK_SHARE = 0.2

DENSITY: dict[str, Variable] = {
    # porosity
    "porosity": Variable((), "f", "1", "porosity"),
    "pore_voxels": Variable((), "i", "1", "number of pore voxels"),
    "voxels": Variable((), "i", "1", "number of voxels in the region of interest"),
    **by_direction("porosity_profile", ALONG, "f", "1", "porosity of each plane along {}"),
    "block_porosity": Variable(("block_z", "block_y", "block_x"), "f", "1", "porosity of a block"),
    "block_porosity_mean": Variable((), "f", "1", "mean of the block porosities"),
    "block_porosity_std": Variable((), "f", "1", "standard deviation of the block porosities"),
    "porosity_sampling_error": Variable(
        (), "f", "1", "porosity, sampling error: one standard deviation"
    ),
    "porosity_effective_samples": Variable(
        (), "f", "1", "number of independent points with the sampling error of the porosity"
    ),
    "porosity_integral_length": Variable((), "f", "um", "integral length of the porosity"),
    "porosity_integral_length_sampling_error": Variable(
        (), "f", "um", "integral length of the porosity, sampling error"
    ),
    "porosity_relative_width": Variable(
        (), "f", "1", "shortest edge of the volume in integral lengths of the porosity"
    ),
    # structure factor
    **by_direction("structure_factor", ACROSS, "f", "1", "structure factor along {}"),
    "structure_factor_mean_abs": Variable(
        ("direction",), "f", "1", "mean absolute structure factor"
    ),
    "structure_factor_rms": Variable(("direction",), "f", "1", "root mean square structure factor"),
    "structure_factor_rms_sampling_error": Variable(
        ("direction",), "f", "1", "root mean square structure factor, sampling error"
    ),
    "structure_factor_p95": Variable(
        ("direction",), "f", "1", "95th percentile of the absolute structure factor"
    ),
    "structure_factor_null": Variable(
        ("direction",), "f", "1", "rms structure factor of a homogeneous medium of the same pores"
    ),
    "structure_factor_ratio": Variable(
        ("direction",), "f", "1", "rms structure factor relative to a homogeneous medium"
    ),
    "structure_factor_ratio_sampling_error": Variable(
        ("direction",), "f", "1", "relative rms structure factor, sampling error"
    ),
    "structure_factor_ratio_scatter": Variable(
        ("direction",), "f", "1", "standard deviation of that ratio between homogeneous media"
    ),
    "structure_factor_ratio_z": Variable(
        ("direction",), "f", "1", "z of columns that differ more than by chance"
    ),
    "structure_factor_ratio_p": Variable(
        ("direction",), "f", "1", "chance of such columns in a homogeneous medium"
    ),
    "integral_length": Variable(
        ("direction",), "f", "um", "integral length of the pores' autocorrelation"
    ),
    "autocorrelation": Variable(
        ("direction", "lag"), "f", "1", "autocorrelation of the pores along a direction"
    ),
}

SHAPE: dict[str, Variable] = {
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
        f"pore_diameter{by}_{name}{kind}": Variable(
            ("mode",) if name == "modes" else (),
            "f",
            "um",
            f"{words} of the pore diameter{how}{error}",
        )
        for by, how in (("", ""), ("_by_volume", ", weighted by volume"))
        for name, words in (
            ("mean", "mean"),
            ("std", "standard deviation"),
            ("median", "median"),
            ("modes", "modes"),
        )
        for kind, error in (("", ""), ("_sampling_error", ", sampling error"))
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
    **{
        f"{quantity}_{end}": Variable(dims, "f", units, f"{words}, {what}")
        for quantity, dims, units, words in (
            ("specific_surface", (), "um^-1", "surface of a unit of volume"),
            ("surface_area", (), "um^2", "surface area"),
            ("specific_surface_faces", (), "um^-1", "voxel faces of a unit of volume"),
            ("chord_length_mean", ("direction",), "um", "mean chord length"),
            ("local_thickness_mean", (), "um", "mean local thickness"),
        )
        for end, what in DISCRETISATION_ENDS
    },
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
            (
                "hyperuniformity_index",
                "1",
                "spectral density at long wavelengths relative to the dominant one",
            ),
            ("clustering_ratio", "1", "integral range over the typical volume of a pore"),
            ("dominant_wavelength", "um", "dominant wavelength"),
            ("clark_evans_ratio", "1", "distance to the nearest pore relative to random"),
            ("bragg_height", "1", "highest peak of the structure factor of points"),
            ("bragg_wavelength", "um", "wavelength of the highest peak"),
            ("bragg_significance", "1", "-log10 of the chance of such a peak at random"),
            ("block_moran", "1", "Moran's I of the block porosities"),
        )
    },
    **{
        f"{name}_sampling_error": Variable((), "f", units, f"{words}, sampling error")
        for name, units, words in (
            ("spectral_density_zero", "um^3", "spectral density of long waves"),
            ("integral_range", "um^3", "integral range"),
            ("hyperuniformity_index", "1", "spectral density at long wavelengths, relative"),
            ("clustering_ratio", "1", "integral range over the typical volume of a pore"),
            ("clark_evans_ratio", "1", "distance to the nearest pore relative to random"),
        )
    },
    "spectral_density_zero_modes": Variable((), "i", "1", "number of long waves"),
    "column_ratio": Variable(
        ("direction",), "f", "1", "power of long waves across a direction over that of others"
    ),
    "column_ratio_sampling_error": Variable(
        ("direction",), "f", "1", "power of long waves across a direction, sampling error"
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
    "representative_edge_sampling_error": Variable(
        ("accuracy",), "f", "um", "edge of the cube that gives the porosity, sampling error"
    ),
    "variance_exponent": Variable((), "f", "1", "decay exponent of the variance of porosity"),
    "variance_exponent_error": Variable((), "f", "1", "decay exponent, standard error"),
    "variance_integral_range": Variable(
        (), "f", "um^3", "integral range from the variance of sub-volumes"
    ),
    "variance_integral_range_sampling_error": Variable(
        (), "f", "um^3", "integral range from the variance of sub-volumes, sampling error"
    ),
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
    # paths
    "geodesic_tortuosity": Variable(
        ("direction",), "f", "1", "geodesic tortuosity: length of shortest paths over distance"
    ),
    "geodesic_tortuosity_std": Variable(
        ("direction",), "f", "1", "standard deviation of the geodesic tortuosity over the face"
    ),
    "geodesic_reached_fraction": Variable(
        ("direction",), "f", "1", "share of the phase at the high face that paths reach"
    ),
    "constrictivity": Variable(("direction",), "f", "1", "constrictivity"),
    **{
        f"{name}_sampling_error": Variable(("direction",), "f", units, f"{words}, sampling error")
        for name, units, words in (
            ("geodesic_tortuosity", "1", "geodesic tortuosity"),
            ("constrictivity", "1", "constrictivity"),
            ("bottleneck_radius", "um", "radius of bottlenecks"),
            ("bulge_radius", "um", "radius of bulges"),
        )
    },
    "bottleneck_radius": Variable(
        ("direction",), "f", "um", "radius of balls from the low face that cover half of the phase"
    ),
    "bulge_radius": Variable(
        ("direction",), "f", "um", "radius of balls that cover half of the phase"
    ),
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
}
