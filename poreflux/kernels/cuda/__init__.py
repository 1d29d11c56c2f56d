"""Compiled loops for a graphics processor, in the language of the other kernels (numba-cuda).

The layout is that of :mod:`poreflux.kernels.redblack`: neighbouring threads take neighbouring pairs
of a row, so that loads and stores coalesce; a thread goes through planes. No kernel writes where
another thread of the same launch reads: every one reads one colour and writes the other, or writes
its own cell only. There is no barrier but those of :func:`poreflux.kernels.cuda.vectors.add_up`,
and no atomic addition: sums are taken in an order that depends on the shape of the box alone.
"""
