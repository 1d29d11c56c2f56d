"""Over which distance a current density is alike: the correlation length of a map."""

from typing import NamedTuple

import numpy as np
import scipy.fft

Spacing = tuple[float, float]

#: powers of the decays that are fitted, numbers of lengths of the coarse and of the fine search
POWERS, COARSE, FINE = (0.75, 1.0, 1.25, 1.5, 1.75, 2.0), 80, 41

#: a decay describes the autocorrelation where its root mean square misfit is a smaller part of the
#: variance
MISFIT = 0.1

#: rings that a decay needs
MIN_RINGS = 6

#: above this part of the shorter edge of the face a correlation length is called uncertain: of maps
#: whose true one is a quarter of it, whatever the decay, fewer than one in twenty come out below
RELIABLE = 1 / 12


class Rings(NamedTuple):
    """Mean products of the deviations of a map over rings of lags, in order of the distance."""

    radius: np.ndarray
    product: np.ndarray
    pairs: np.ndarray
    within_half: np.ndarray


class Decay(NamedTuple):
    """``variance (exp(-(r / length)^power) - mean)``: the mean of a map is subtracted from it, and
    takes the mean of the correlation over all pairs with it."""

    length: float
    variance: float
    mean: float
    misfit: float


def correlation_length(j: np.ndarray, spacing: Spacing) -> float:
    """Return the distance in µm where the autocorrelation of a map falls to 1/e; NaN where nowhere.

    Parameters
    ----------
    j
        map (ny, nx), NaN off contact.
    spacing
        edges of a face in µm.

    Notes
    -----
    ``C(r) = F^-1|F f|² / F^-1|F W|²``, f the map minus its mean on the contact W and zero
    elsewhere, padded against wrapping; averaged over rings one face wide. Subtracting the mean of
    few correlation lengths lowers C everywhere by the variance of that mean, a quarter of the
    length where it is a quarter of the face. The decay ``exp(-(r / l)^p)``, lowered likewise, that
    fits best to half the face gives l and that variance; where no such decay fits, as on a lattice
    of contacts, the variance is added and 1/e interpolated between rings.

    Examples
    --------
    >>> stripes = np.broadcast_to(np.cos(2 * np.pi * np.arange(96) / 16), (96, 96))
    >>> round(correlation_length(2 + stripes, (1.0, 1.0)), 1)
    4.4
    """
    contact = np.isfinite(j)
    f = np.where(contact, j - j[contact].mean(), 0.0)
    if np.sqrt((f**2).sum() / contact.sum()) <= 1e-12 * abs(j[contact].mean()):
        return np.nan
    rings = _rings(contact, f, spacing)
    half = rings.within_half
    product = rings.product[half]
    lift = 0.0
    if half.sum() >= MIN_RINGS:
        decay = _best_decay(rings, max(spacing), min(np.multiply(j.shape, spacing)))
        lift = max(0.0, decay.variance * decay.mean)
        if decay.misfit < MISFIT * (product[0] + lift):
            return decay.length
    return _crossing(rings.radius[half], product + lift)


def unreliable(length: float, shape: tuple[int, ...], spacing: Spacing) -> bool:
    """Return whether a correlation length is too large a part of a face to be sure of it.

    >>> unreliable(9.0, (100, 200), (1.0, 1.0)), unreliable(8.0, (100, 200), (1.0, 1.0))
    (True, False)
    """
    return bool(length > RELIABLE * min(np.multiply(shape, spacing)))


def _rings(contact: np.ndarray, f: np.ndarray, spacing: Spacing) -> Rings:
    pairs, product = _correlate(contact.astype(float)), _correlate(f)
    y, x = (_lags(n, h) for n, h in zip(contact.shape, spacing))
    distance = np.hypot(y[:, None], x)
    occupied = pairs > 0.5
    ring = np.round(distance[occupied] / max(spacing)).astype(int)
    count = np.bincount(ring, pairs[occupied])
    some = count > 0
    sums = (np.bincount(ring, values[occupied])[some] for values in (pairs * distance, product))
    radius, mean = (values / count[some] for values in sums)
    half = radius < min(np.multiply(contact.shape, spacing)) / 2
    return Rings(radius, mean, count[some], half)


def _best_decay(rings: Rings, shortest: float, longest: float) -> Decay:
    """Return the decay that fits best, found on a grid of lengths and on a finer one about it."""
    coarse = np.geomspace(shortest / 4, longest, COARSE)
    best, power = min(((_fit(rings, power, coarse), power) for power in POWERS),
                      key=lambda pair: pair[0].misfit)  # fmt: skip
    step = coarse[1] / coarse[0]
    return _fit(rings, power, best.length * np.geomspace(1 / step, step, FINE))


def _fit(rings: Rings, power: float, lengths: np.ndarray) -> Decay:
    """Return the best of the decays of one power; the variance follows by least squares."""
    half = rings.within_half
    with np.errstate(under="ignore"):
        rho = np.exp(-((rings.radius / lengths[:, None]) ** power))
    mean = rho @ rings.pairs / rings.pairs.sum()
    shape, product = rho[:, half] - mean[:, None], rings.product[half]
    variance = shape @ product / (shape**2).sum(1)
    misfit = np.sqrt(((product - variance[:, None] * shape) ** 2).mean(1))
    best = int(np.argmin(misfit))
    return Decay(*(float(values[best]) for values in (lengths, variance, mean, misfit)))


def _crossing(radius: np.ndarray, product: np.ndarray) -> float:
    below = np.flatnonzero(product < product[0] / np.e)
    if below.size == 0:
        return np.nan
    two = slice(below[0] - 1, below[0] + 1)
    return float(np.interp(-product[0] / np.e, -product[two], radius[two]))


def _correlate(f: np.ndarray) -> np.ndarray:
    """Return the sums of products at every lag up to the edge, in the order of the FFT."""
    shape = [scipy.fft.next_fast_len(2 * n, real=True) for n in f.shape]
    return scipy.fft.irfft2(np.abs(scipy.fft.rfft2(f, shape)) ** 2, shape)


def _lags(n: int, h: float) -> np.ndarray:
    padded = scipy.fft.next_fast_len(2 * n, real=True)
    return scipy.fft.fftfreq(padded, 1 / padded) * h
