"""Variables of the current at an electrode."""

from poreflux.schema.variables import (
    ACROSS,
    DIMS,
    Dims,
    Direction,
    Variable,
    by_direction,
    name_of,
)

#: dims of the middle section through an electrode
SECTION: dict[Direction, Dims] = {"z": ("z", "x"), "y": ("y", "x"), "x": ("x", "y")}

#: numbers that are followed as the contact changes, and the dim of the steps: of each direction its
#: own, as one may end earlier than another
EVOLVING = (
    "contact_fraction",
    "current_density_cv",
    "current_density_p99",
    "area_specific_resistance",
)
STEP: dict[Direction, Dims] = {along: (name_of("evolution_step", along),) for along in DIMS}

#: the largest current density is called mesh-dependent where voxels half as large change it by
#: more: 2 %, less what the estimate may miss
MESH_DEPENDENT = 0.0175

#: kind, units and meaning of the numbers of one map of the current density at an electrode
CURRENT_NUMBERS: dict[str, tuple[str, str, str]] = {
    "current_density_mean": ("f", "mA/cm**2", "mean current density of the contact"),
    "current_density_cv": ("f", "1", "coefficient of variation of the current density"),
    "current_density_max": ("f", "mA/cm**2", "largest current density"),
    "current_density_max_solver_error": (
        "f",
        "mA/cm**2",
        "error of any current density by the solver, at most",
    ),
    "current_density_max_refinement": (
        "f",
        "1",
        "change of the largest current density on voxels half as large, relative",
    ),
    "current_density_max_discretisation_low": (
        "f",
        "mA/cm**2",
        "largest current density on smaller voxels, at least",
    ),
    "current_density_max_discretisation_high": (
        "f",
        "mA/cm**2",
        "largest current density on smaller voxels, at most",
    ),
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
    "area_specific_resistance_solver_error": (
        "f",
        "ohm*cm**2",
        "error of the area-specific resistance by the solver, at most",
    ),
    "area_specific_resistance_bulk": ("f", "ohm*cm**2", "area-specific resistance of the bulk"),
    "area_specific_resistance_bulk_solver_error": (
        "f",
        "ohm*cm**2",
        "error of the area-specific resistance of the bulk by the solver, at most",
    ),
    "area_specific_resistance_constriction": (
        "f",
        "ohm*cm**2",
        "area-specific resistance of constriction at the electrode",
    ),
    "area_specific_resistance_feed": (
        "f",
        "ohm*cm**2",
        "area-specific resistance of the even feed of the opposite face",
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

CURRENT: dict[str, Variable] = {
    **by_direction("current_density", ACROSS, "f", "mA/cm**2", "current density at the electrode"),
    **by_direction("interface_state", ACROSS, "u", "1", "state of each face of the electrode"),
    **by_direction("current_section", SECTION, "f", "mA/cm**2", "current density, middle section"),
    **{name: Variable(("direction",), *rest) for name, rest in CURRENT_NUMBERS.items()},
    **{
        f"{name}_sampling_error": Variable(
            ("direction",),
            *CURRENT_NUMBERS[name][:2],
            f"{CURRENT_NUMBERS[name][2]}, sampling error",
        )
        for name in ("current_density_cv", "current_density_p99")
    },
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
    **{
        f"sweep_{name}": Variable(("direction", "swept_wagner_length"), *rest)
        for name, rest in CURRENT_NUMBERS.items()
    },
    **by_direction(
        "sweep_current_density",
        {along: ("swept_wagner_length", *dims) for along, dims in ACROSS.items()},
        "f",
        "mA/cm**2",
        "current density at the electrode",
    ),
    **{
        f"upscaled_{name}": Variable(("direction",), kind, units, f"{words}, from blocks")
        for name, (kind, units, words) in CURRENT_NUMBERS.items()
    },
    **by_direction(
        "upscaled_current_density",
        {along: tuple(f"cell_{dim}" for dim in dims) for along, dims in ACROSS.items()},
        "f",
        "mA/cm**2",
        "current density at the electrode, from blocks",
    ),
    "upscaled_correlation": Variable(
        ("direction",), "f", "1", "correlation of the current from blocks with that from voxels"
    ),
    **{
        full: variable
        for name in EVOLVING
        for full, variable in by_direction(
            f"evolution_{name}", STEP, *CURRENT_NUMBERS[name]
        ).items()
    },
    **by_direction(
        "evolution_capacity", STEP, "f", "mA*hour/cm**2", "capacity passed, positive where plated"
    ),
    **by_direction(
        "evolution_contact",
        {along: (*STEP[along], *dims) for along, dims in ACROSS.items()},
        "u",
        "1",
        "contact with the metal",
    ),
    **by_direction("evolution_gap", ACROSS, "f", "um", "metal missing at the electrode"),
    "cell_potential": Variable(DIMS, "f", "V", "potential against the electrode"),
    "cell_current_density": Variable(DIMS, "f", "mA/cm**2", "magnitude of the current density"),
}
