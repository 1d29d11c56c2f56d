"""
Distribution of the current density
===================================
"""

import poreflux as pf

volume = pf.phantoms.regular_300((32, 64, 64))
solved = pf.interfacial_current(volume, kinetics="linear", rtol=1e-4)
figure = pf.plot.current_distribution(pf.collect(solved))
