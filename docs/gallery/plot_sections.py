"""
Sections across and along z
===========================

The boundaries of the phases on the grey values: does the threshold follow the walls of the pores?
"""

from importlib.resources import files

import poreflux as pf

scan = pf.read(files("poreflux") / "data" / "cement.tif", voxel_size=1.0)
volume = pf.segment(scan, method="otsu", denoise="median")
results = pf.collect(pf.porosity(volume), pf.preview(volume), volume=volume)
figure = pf.plot.sections(results)
