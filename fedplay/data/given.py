"""Numbers as people have them: arrays, lists, data frames, columns in a dict, sparse matrices."""

from __future__ import annotations

import numbers
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedplay.data.base import Floats
from fedplay.knobs import short

LARGEST = 2**27  # numbers that a sparse matrix is unpacked to: 1 GB
_PLAIN = (numbers.Real, Decimal, np.bool_)


def matrix(name: str, values: Any) -> Floats:
    """(n, d) finite numbers, in an array of their own; ValueError with the place of what is none.

    Texts are not read as numbers, nor are dates; the imaginary part of a number is not dropped.
    """
    array = _array(name, values)
    if array.dtype.kind not in "biufO":
        raise _not_numbers(name, array.dtype.kind)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"{name}: must have the shape (n, d), not {array.shape}")
    if array.dtype.kind == "O":
        array = _of_objects(name, array)
    with np.errstate(all="ignore"):  # what is beyond a float becomes infinite
        made: Floats = np.array(array, dtype=np.float64, order="C", subok=False)
    finite = np.isfinite(made)
    if not finite.all():
        row, column = np.argwhere(~finite)[0].tolist()
        raise ValueError(f"{name}: row {row}, column {column} is {made[row, column]}, not finite")
    return made


def columns_of(name: str, values: Any) -> tuple[str, ...]:
    """The names of the columns, none where they have none; ValueError for the same one twice."""
    if isinstance(values, Mapping):
        names: Any = values
    elif isinstance(values, np.ndarray):
        names = values.dtype.names or ()
    else:  # of Arrow, then of pandas and polars
        names = getattr(values, "column_names", getattr(values, "columns", ()))
    columns = tuple(unicodedata.normalize("NFC", str(column)) for column in names)
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise ValueError(f"{name}: two columns have the name {short(twice)}")
    return columns


def arranged(
    name: str, X: Floats, columns: Sequence[str], whose: str, d: int, wanted: Sequence[str]
) -> Floats:
    """X (n, d) with its columns in the order of the `wanted` ones, by name.

    Where one of the two has no names, or just numbers in their order as a frame made of an array
    has, columns go by their place. ValueError where columns are missing or too many.
    """
    if columns and set(columns) == set(wanted):
        place = {column: i for i, column in enumerate(columns)}
        return np.ascontiguousarray(X[:, [place[column] for column in wanted]])
    if _are_names(columns) and _are_names(wanted):
        lacks, more = _listed(wanted, columns), _listed(columns, wanted)
        said = [f"lacks {lacks}"] * bool(lacks) + [f"has {more} besides"] * bool(more)
        raise ValueError(f"{name}: must have the columns of {whose}, but it {' and '.join(said)}")
    if X.shape[1] != d:
        raise ValueError(f"{name}: must have {d} columns, as {whose} has, not {X.shape[1]}")
    return X


def _are_names(columns: Sequence[str]) -> bool:
    return tuple(columns) != tuple(map(str, range(len(columns))))


def check_rows(name: str, values: Any, of: str, others: Any) -> None:
    """ValueError where two frames have the same rows, by their index, in different orders.

    Examples go by their place, and of such two one has been shuffled or sorted without the other.
    """
    mine: Any = getattr(values, "index", None)
    theirs: Any = getattr(others, "index", None)
    if not hasattr(mine, "equals") or not hasattr(theirs, "equals") or len(mine) != len(theirs):
        return
    if not mine.equals(theirs) and len(set(mine)) == len(mine) and set(mine) == set(theirs):
        raise ValueError(
            f"{name}: has the rows of {of} in another order, by its index; "
            f"give {name}.loc[{of}.index], or .to_numpy() of both if they go by place"
        )


def _listed(these: Sequence[str], without: Sequence[str]) -> str:
    """The names among these that are not among the others, at most five."""
    known = set(without)
    names = [short(one) for one in these if one not in known]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _not_numbers(name: str, kind: str = "") -> ValueError:
    what = {"c": "complex ones", "M": "dates", "m": "times", "U": "texts", "S": "texts"}
    other = f", not {what[kind]}" if kind in what else ""
    return ValueError(f"{name}: must be numbers, n rows of d features each{other}")


def _array(name: str, values: Any) -> NDArray[Any]:
    """The values as an array of whatever kind it is, with nothing missing that only a mask says."""
    if isinstance(values, Mapping):
        values = _side_by_side(name, dict(values))
    elif isinstance(values, np.ndarray) and values.dtype.names:
        values = _side_by_side(name, {column: values[column] for column in values.dtype.names})
    elif hasattr(values, "toarray") and hasattr(values, "nnz"):  # a sparse matrix of scipy
        if np.prod(values.shape, dtype=float) > LARGEST:
            raise ValueError(f"{name}: is a sparse matrix too large to unpack, {values.shape}")
        values = values.toarray()
    _check_masks(name, values)
    try:
        return np.asarray(values)
    except (TypeError, ValueError, OverflowError):  # rows of different lengths
        raise _not_numbers(name) from None


def _side_by_side(name: str, columns: Mapping[Any, Any]) -> NDArray[Any]:
    """(n, d) of d columns (n,); objects where they are of different kinds."""
    made = []
    for column, values in columns.items():
        _check_masks(f"{name}: column {short(str(column))}", values)
        made.append(np.asarray(values))
        if made[-1].ndim != 1 or len(made[-1]) != len(made[0]):
            raise _not_numbers(name)
    numeric = all(one.dtype.kind in "biuf" for one in made)
    dtype = np.float64 if numeric else object
    with np.errstate(all="ignore"):
        return np.column_stack([one.astype(dtype) for one in made]) if made else np.empty((0, 0))


def _check_masks(name: str, values: Any) -> None:
    """ValueError for a masked value, of an array or of the rows of a list."""
    rows = enumerate(values) if isinstance(values, list | tuple) else [(None, values)]
    for row, one in rows:
        cells = one if isinstance(one, list | tuple) else [one]
        for cell in cells:
            if isinstance(cell, np.ma.MaskedArray) and np.ma.getmaskarray(cell).any():
                place = np.argwhere(np.ma.getmaskarray(cell))[0].tolist() if row is None else [row]
                raise ValueError(f"{name}: row {[*place, 0][0]} has a value that is masked")


def _of_objects(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Python's numbers of any kind as floats."""
    cells = array.ravel().tolist()
    kinds = {kind: issubclass(kind, _PLAIN) for kind in set(map(type, cells))}
    kinds[np.timedelta64] = False
    try:
        if all(kinds[type(value)] for value in cells):
            return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass  # said below, with its place
    for place, value in enumerate(cells):
        row, column = divmod(place, array.shape[1])
        what = _not_a_number(value, kinds[type(value)])
        if what:
            raise ValueError(f"{name}: row {row}, column {column} is {what}")
    raise _not_numbers(name)


def _not_a_number(value: Any, plain: bool) -> str:
    """What a value is that is no number a float can hold; nothing for the others."""
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return "missing"
    if not plain:
        return f"{short(value)}, not a number"
    try:
        float(value)
    except OverflowError:
        return "beyond any float"
    except ValueError:
        return f"{short(value)}, not a number"
    return ""
