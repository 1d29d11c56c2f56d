"""
Spectral density
================

At which wavelengths the pores are unevenly spread: a lattice has none at long ones.
"""

import poreflux as pf

volumes = [pf.phantoms.arranged_spheres(64, kind, per_edge=4) for kind in ("jittered", "random")]
spectra = [pf.collect(pf.spectral_density(volume)) for volume in volumes]
figure = pf.plot.spectral_density(*spectra, names=["jittered", "random"])
