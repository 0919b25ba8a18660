"""How long rows of numbers are, and the same rows cut to a length: of any size, without overflow.

Squares of float32 numbers overflow beyond 1.8e19 and vanish below 1e-22, those of float64 beyond
1e154 and below 1e-162. Where that could matter a row is divided by its largest entry first; all
others are added up as they are.
"""

from __future__ import annotations

import numpy as np

from fedplay.stages.base import Array

LEAST = {"f": 1e-32, "d": 1e-280}  # a sum of squares above it has lost nothing


def lengths_of(rows: Array) -> Array:
    """(...,) float64 Euclidean lengths of rows (..., M); inf or NaN where an entry is that.

    >>> lengths_of(np.array([[3e200, 4e200], [3e-200, 4e-200], [0, 0]]))
    array([5.e+200, 5.e-200, 0.e+000])
    """
    squares = np.einsum("...m,...m->...", rows, rows)  # which warns of nothing
    found, least = np.array(np.sqrt(squares), np.float64), LEAST[rows.dtype.char]
    several = squares.ravel().tolist()  # of a cohort, plain numbers are looked at faster
    if several and not (min(several) >= least and sum(several) < np.inf):
        lost = np.asarray(~((squares >= least) & (squares < np.inf)))
        found[lost] = _scaled(rows[lost])
    return found


def length_of(row: Array) -> float:
    """The length of one row (M,).

    >>> print(f"{length_of(np.array([3e200, 4e200])):g}")
    5e+200
    """
    square = np.vdot(row, row)  # which warns of nothing either
    if LEAST[row.dtype.char] <= square < np.inf:
        return float(np.sqrt(square))
    return float(_scaled(row[None])[0])


def _scaled(rows: Array) -> Array:
    """(n,) lengths of rows (n, M)."""
    largest = np.abs(rows).max(axis=-1, initial=0.0).astype(np.float64)
    plain = (largest > 0) & np.isfinite(largest)
    rows = rows[plain] / largest[plain, None]
    largest[plain] *= np.sqrt(np.einsum("km,km->k", rows, rows))
    return largest


def cut(rows: Array, most: float) -> Array:
    """Rows (K, M), those that are longer than `most` scaled down to it; not finite: zeros.

    >>> cut(np.array([[3e200, 4e200], [0.3, 0.4], [np.inf, 0]]), 1.0)
    array([[0.6, 0.8],
           [0.3, 0.4],
           [0. , 0. ]])
    """
    whole = lengths_of(rows)
    if not np.isfinite(whole).all():
        lost = np.asarray(~np.isfinite(rows).all(axis=1))
        rows = np.where(lost[:, None], rows.dtype.type(0), rows)
        whole[lost] = 0.0
    with np.errstate(over="ignore", under="ignore"):
        length = whole.astype(rows.dtype)
        factor = np.where(length > most, most / np.maximum(length, most), 1.0).astype(rows.dtype)
        out: Array = rows * factor[:, None]
        # A factor that the precision barely holds, or not at all, is taken in two steps.
        for k in np.flatnonzero((whole > most) & ~(factor > 1e8 * np.finfo(rows.dtype).tiny)):
            row = rows[k] / np.abs(rows[k]).max().astype(np.float64)
            row *= most / length_of(row)
            near = row.astype(rows.dtype)
            # Near the least number there is, rounding up could make it longer by far.
            out[k] = np.where(np.abs(near) > np.abs(row), np.nextafter(near, near * 0), near)
    return out
