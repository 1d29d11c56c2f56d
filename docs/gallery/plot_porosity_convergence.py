"""
Convergence of the porosity
===========================
"""

import poreflux as pf

volume = pf.phantoms.regular_300((64, 64, 64))
figure = pf.plot.porosity_convergence(pf.collect(pf.representative_volume(volume)))
