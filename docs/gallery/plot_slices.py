"""
Grey values and phases
======================

A wrong threshold, a ring, a tilted sample or swapped phases are seen at once.
"""

from importlib.resources import files

import poreflux as pf

scan = pf.read(files("poreflux") / "data" / "cement.tif", voxel_size=1.0)
volume = pf.segment(scan, method="otsu", denoise="median")
results = pf.collect(pf.porosity(volume), pf.preview(volume), volume=volume)
figure = pf.plot.slices(results)
