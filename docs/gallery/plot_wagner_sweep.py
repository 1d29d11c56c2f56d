"""
Unevenness of the current by the Wagner length
==============================================

The charge-transfer resistance is rarely known: sweep it.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((32, 48, 48))
lengths = [0.0, 1.0, 8.0, 40.0]
solved = pf.interfacial_current(volume, kinetics="linear", wagner_lengths=lengths, rtol=1e-4)
figure = pf.plot.wagner_sweep(pf.collect(solved))
