"""Methods text of pores, correlations and sub-volumes, and the works to cite."""

from collections.abc import Iterator

import xarray as xr

#: key of a work -> a variable that rests on it
RESTS_ON = {
    "surface": "specific_surface",
    "edges": "pore_number_unbiased",
    "thickness": "local_thickness_share",
    "correlation": "two_point_probability",
    "arrangement": "clustering_ratio",
    "nearest": "clark_evans_ratio",
    "representative": "representative_std",
    "threshold": "percolating_phase_fraction",
    "euler": "euler_number",
    "dissipation": "dissipation_half_fraction",
    "geodesic": "geodesic_tortuosity",
    "necks": "constrictivity",
    "porosimetry": "constrictivity",
}

WORKS = {
    "watershed": "J. T. Gostick, Versatile and efficient pore network extraction method using "
    "marker-based watershed segmentation, Phys. Rev. E 96 (2017) 023307. "
    "doi:10.1103/PhysRevE.96.023307",
    "edges": "C. Lantuéjoul, On the estimation of mean values in individual analysis of particles, "
    "Microsc. Acta Suppl. 4 (1980) 266–273.",
    "thickness": "T. Hildebrand, P. Rüegsegger, A new method for the model-independent assessment "
    "of thickness in three-dimensional images, J. Microsc. 185 (1997) 67–75. "
    "doi:10.1046/j.1365-2818.1997.1340694.x",
    "surface": "J. Ohser, F. Mücklich, Statistical Analysis of Microstructures in Materials "
    "Science, Wiley (2000).",
    "correlation": "S. Torquato, Random Heterogeneous Materials, Springer (2002).",
    "arrangement": "C. E. Zachary, S. Torquato, Hyperuniformity in point patterns and two-phase "
    "random heterogeneous media, J. Stat. Mech. (2009) P12015.",
    "nearest": "P. J. Clark, F. C. Evans, Distance to nearest neighbor as a measure of spatial "
    "relationships in populations, Ecology 35 (1954) 445–453.",
    "representative": "T. Kanit et al., Determination of the size of the representative volume "
    "element for random composites, Int. J. Solids Struct. 40 (2003) 3647–3679. "
    "doi:10.1016/S0020-7683(03)00143-4",
    "threshold": "Ł. Kurzawski, K. Malarz, Simple cubic random-site percolation thresholds for "
    "complex neighbourhoods, Rep. Math. Phys. 70 (2012) 163–169.",
    "euler": "J. Toriwaki, H. Yoshida, Fundamentals of Three-dimensional Digital Image Processing, "
    "Springer (2009).",
    "dissipation": "R. Hill, Elastic properties of reinforced solids: some theoretical principles, "
    "J. Mech. Phys. Solids 11 (1963) 357–372. doi:10.1016/0022-5096(63)90036-X",
    "geodesic": "O. Stenzel, O. Pecho, L. Holzer, M. Neumann, V. Schmidt, Predicting effective "
    "conductivities based on geometric microstructure characteristics, AIChE J. 62 (2016) "
    "1834–1843. doi:10.1002/aic.15160",
    "necks": "L. Holzer et al., The influence of constrictivity on the effective transport "
    "properties of porous layers in electrolysis and fuel cells, J. Mater. Sci. 48 (2013) "
    "2934–2952. doi:10.1007/s10853-012-6968-z",
    "porosimetry": "B. Münch, L. Holzer, Contradicting geometrical concepts in pore size analysis "
    "attained with electron microscopy and mercury intrusion, J. Am. Ceram. Soc. 91 (2008) "
    "4059–4067. doi:10.1111/j.1551-2916.2008.02736.x",
}


def works(results: xr.Dataset) -> list[str]:
    """Return the keys of :data:`WORKS` that the Results rest on."""
    keys = {key for key, name in RESTS_ON.items() if name in results}
    if "pore_number" in results and results["pore_number"].attrs.get("method") == "watershed":
        keys.add("watershed")
    if "spectral_density" in results:
        keys.add("correlation")
    return [key for key in WORKS if key in keys]


def structure_sentences(results: xr.Dataset) -> Iterator[str]:
    """Yield what was measured of the microstructure, and how."""
    if "pore_number" in results:
        yield from _pores(results["pore_number"].attrs)
    for name, sentence in _SENTENCES.items():
        if name in results:
            yield sentence


def _pores(note: dict) -> Iterator[str]:
    if note.get("method") == "watershed":
        yield (
            "Pores are the parts of the pore space between its throats, by a marker-based "
            "watershed of its distance map"
            + (f", since {note['reason'].partition(',')[0]}" if "reason" in note else "")
            + "."
        )
    else:
        yield (
            f"Pores are connected components of pore voxels ({note.get('neighbours', 26)} "
            "neighbours)."
        )
    yield (
        "Their size is the diameter of the sphere of their volume; numbers corrected for edges, "
        "and means, medians and modes, leave out pores that touch a face and weight the others "
        "(Miles and Lantuéjoul)."
    )


_SENTENCES = {
    "local_thickness_share": "Local thickness is the diameter of the largest ball that holds a "
    "voxel and fits into the pores.",
    "chord_length_mean": "Chord lengths are those of runs of pore voxels along each direction, "
    "their mean that of twice the volume over the projected surface.",
    "percolating_phase_fraction": "Connectivity is given for 6 and for 26 neighbours.",
    "specific_surface": "The specific surface was estimated by the crossings of lines along 13 "
    "directions (Cauchy–Crofton).",
    "two_point_probability": "The two-point probability was counted over all pairs of voxels "
    "within windows; its error is that of the porosity of the sample.",
    "spectral_density": "The spectral density is that of the tapered and mean-free indicator of "
    "the pores, divided by the volume.",
    "dissipation_half_fraction": "The power of the current was attributed to voxels, to each what "
    "its half of the way to a neighbour dissipates; scaled to the tortuosity factor as its mean "
    "over the conducting voxels (Hill's condition) it is their local tortuosity factor.",
    "geodesic_tortuosity": "The geodesic tortuosity is the mean length of the shortest paths "
    "between voxel centres (26 neighbours) from the low to the high face, over their distance.",
    "constrictivity": "The constrictivity is the square of the radius of which balls that come in "
    "through the low face cover half of the phase, over that of which balls that fit into it do.",
    "clustering_ratio": "The arrangement of the pores follows from the spectral density at long "
    "wavelengths, relative to that at the scale of single pores, and from the positions of the "
    "pores' centroids; its errors from those of the eight parts of half the edge and from the "
    "scatter of the waves' power.",
    "representative_std": "Representative volumes follow from the variance of the porosity of "
    "cubes of several edges and from the integral range, the limit of the spectral density at long "
    "wavelengths over p (1 − p).",
}
