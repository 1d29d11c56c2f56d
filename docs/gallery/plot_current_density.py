"""
Current density at an electrode
===============================

Grey is pore or not in contact.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((32, 64, 64))
solved = pf.interfacial_current(volume, kinetics="linear", rtol=1e-4)
figure = pf.plot.current_density(pf.collect(solved))
