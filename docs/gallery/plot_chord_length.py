"""
Chord lengths
=============

How far a straight line runs within pores.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((64, 64, 64))
figure = pf.plot.chord_length(pf.collect(pf.chord_length(volume)))
