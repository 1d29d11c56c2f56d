"""Correlation of pores: in space, and by wavenumber."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from poreflux.plot.fitting import log_axis
from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import INK, SERIES, styled
from poreflux.uncertainty.rounding import told


@styled
def two_point_correlation(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the two-point probability, its slope from the surface, and the correlation by direction.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.two_point_correlation`; with `specific_surface`, from
        :func:`poreflux.surface_area`, the slope that it gives is drawn, too.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> parts = poreflux.two_point_correlation(volume), poreflux.surface_area(volume)
    >>> figure = two_point_correlation(poreflux.collect(*parts))
    """
    needed, hint = "two_point_probability", "collect two_point_correlation(volume)"
    samples = samples_of(results, names, needed, hint)
    panels = Panels(samples, ax, height=2.9, panels=2)
    for sample, (left, right) in panels:
        _two_point(left, right, sample)
    return panels.finish(limits=limits)


def _two_point(left: Axes, right: Axes, results: xr.Dataset) -> None:
    r, probability = results["separation"].values, results["two_point_probability"].values
    p, error = probability[0], results["two_point_probability_error"].values
    if np.isfinite(error).any():
        low, high = probability - error, probability + error
        left.fill_between(r, low, high, color=SERIES[0], alpha=0.25, lw=0)
    left.plot(r, probability, "o-", ms=2.4, color=SERIES[0], label="S₂, both points in pores")
    left.axhline(p**2, color=INK, lw=0.9, ls=(0, (5, 3)), label="p², unrelated points")
    if "specific_surface" in results:
        s = float(results["specific_surface"])
        short = r[r <= 0.75 * 4 * (p - p**2) / s] if s else r[:2]
        left.plot(
            short, p - s / 4 * short, color=SERIES[1], lw=1.2, label="slope −s/4 from surface"
        )
    left.set(xlabel="distance (µm)", ylabel="two-point probability")
    left.set(xlim=(0, r[-1]), ylim=(0, 1.05 * np.nanmax([p, *(probability + error)]) or 1.0))
    left.legend(fontsize=8)
    scale = p * (1 - p) or 1.0
    right.plot(
        r, results["two_point_covariance"] / scale, color=INK, lw=2.2, label="all directions"
    )
    for k, direction in enumerate(results["direction"].values):
        along = results["two_point_covariance_along"].sel(direction=direction) / scale
        right.plot(r, along, color=SERIES[k], lw=1.2, label=f"along {direction}")
    right.axhline(0, color=INK, lw=0.6)
    right.set(xlabel="distance (µm)", ylabel="correlation χ / p(1 − p)", xlim=(0, r[-1]))
    right.legend(fontsize=8)
    for ax in (left, right):
        ax.grid(axis="y")


@styled
def spectral_density(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the spectral density against the wavenumber: of all directions, and of each.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.spectral_density`; the limit at long wavelengths and the dominant
        wavelength, from :func:`poreflux.arrangement`, are marked where they are present.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> figure = spectral_density(poreflux.collect(poreflux.spectral_density(volume)))
    """
    samples = samples_of(results, names, "spectral_density", "collect spectral_density(volume)")
    panels = Panels(samples, ax, height=3.3, panels=2, several_height=2.6, sharey=True)
    for sample, (left, right) in panels:
        _spectrum(left, right, sample)
    return panels.finish(limits=limits, legends="all")


def _spectrum(left: Axes, right: Axes, results: xr.Dataset) -> None:
    k, mean = results["wavenumber"].values, results["spectral_density"].values
    error = results["spectral_density_error"].values
    low = np.maximum(mean - error, 0.1 * mean)
    left.fill_between(k, low, mean + error, color=SERIES[0], alpha=0.25, lw=0)
    left.plot(k, mean, "o-", ms=2.4, color=SERIES[0], label="mean ± standard error")
    _mark_wavelengths(left, results)
    for i, direction in enumerate(results["direction"].values):
        along_direction = results.sel(direction=direction)
        for name, dashes, orientation in (("along", "-", "along"), ("in_plane", ":", "across")):
            line = along_direction[f"spectral_density_{name}"].values
            finite = np.isfinite(line)
            right.plot(k[finite], line[finite], color=SERIES[i], lw=1.2, ls=dashes,
                       label=f"{orientation} {direction}")  # fmt: skip
    for ax in (left, right):
        ax.set(xscale="log", yscale="log", xlabel="wavenumber k (rad/µm)")
        ax.grid(axis="y")
        log_axis(ax.xaxis)
        log_axis(ax.yaxis, (1,))
        both_ways: Any = (_wavelength, _wavelength)
        wavelengths = ax.secondary_xaxis("top", functions=both_ways)
        wavelengths.set_xlabel("wavelength 2π/k (µm)")
        steps = [m * 10.0**e for e in range(-3, 6) for m in (1, 2, 5)]
        shown = [x for x in steps if _wavelength(k[-1]) <= x <= _wavelength(k[0])]
        wavelengths.set_xticks(shown, [f"{x:g}" for x in shown])
        wavelengths.xaxis.set_minor_locator(NullLocator())
    right.tick_params(labelleft=True)
    left.set_ylabel("spectral density (µm³)")
    left.legend(fontsize=8)
    right.legend(fontsize=8, ncols=2, handlelength=1.6)


def _mark_wavelengths(ax: Axes, results: xr.Dataset) -> None:
    """Mark the limit at long wavelengths and the dominant wavelength."""
    k, density = results["wavenumber"].values, results["spectral_density"].values
    limit = float(results.get("spectral_density_zero", np.nan))
    dominant = float(results.get("dominant_wavelength", np.nan))
    peak = 2 * np.pi / dominant if np.isfinite(dominant) else k[len(k) // 3]
    if limit > 0:
        ax.hlines(limit, k[0], peak, color=SERIES[1], lw=1.3, ls=(0, (5, 3)),
                  label="limit at long wavelengths")  # fmt: skip
    if np.isfinite(dominant):
        shown = told(results, "dominant_wavelength").value
        ax.vlines(peak, density[density > 0].min(), np.interp(peak, k, density), color=SERIES[2],
                  lw=1.3, ls=(0, (2, 2)), label=f"dominant wavelength {shown} µm")  # fmt: skip


def _wavelength(k: np.ndarray) -> np.ndarray:
    """Return the wavelength of a wavenumber, or the reverse."""
    return 2 * np.pi / np.maximum(k, 1e-12)
