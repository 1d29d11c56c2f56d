"""
Porosity along a direction
==========================

Two samples on one scale: a figure takes as many Results as there are, and their names.
"""

import poreflux as pf

regular = pf.phantoms.regular_300((48, 64, 64))
fine = pf.phantoms.fine_300((48, 64, 64))
profiles = [pf.collect(pf.porosity_profile(volume)) for volume in (regular, fine)]
figure = pf.plot.porosity_profile(*profiles, names=["regular", "fine"])
