"""
Curves of several samples over each other
=========================================

Any variable of one dim; the errors are drawn where they are known.
"""

import poreflux as pf

regular = pf.phantoms.regular_300((48, 64, 64))
fine = pf.phantoms.fine_300((48, 64, 64))
results = [pf.collect(pf.spectral_density(volume)) for volume in (regular, fine)]
figure = pf.plot.together(
    *results, names=["regular", "fine"], quantity="spectral_density", log=True
)
