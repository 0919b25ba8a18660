"""Checksums of a screen's widgets, by which a page knows whether it holds the same state.

`page.js` asks for it; why that is needed stands in `agreement.js`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import ipywidgets

HIDDEN: Final = ("_options_labels", "_dom_classes")  # names of state that change all the same
APART: Final = frozenset({"layout", "style", "tabbable", "comm"})  # widgets of their own
BYTES: Final = (ipywidgets.FileUpload, ipywidgets.Image)  # what their `value` holds is no JSON
PLACE: Final = ("display", "height")  # what we change of a layout


def parts(root: Any) -> Iterator[Any]:
    """A widget and all those in it."""
    yield root
    for child in getattr(root, "children", ()):
        yield from parts(child)


def sums(root: Any) -> tuple[dict[str, tuple[int, str]], dict[str, tuple[str, ...]]]:
    """({id of each widget: (checksum of its state, its kind)}, {kind: names of that state}).

    The checksum is the CRC-32 of the JSON of the values, those of the layout last.
    """
    each: dict[str, tuple[int, str]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for part in parts(root):
        kind = type(part).__name__
        names[kind] = _names(part.__class__)
        values = [_plain(getattr(part, name)) for name in names[kind]]
        values += [getattr(part.layout, name) for name in PLACE]
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        each[part.model_id] = zlib.crc32(text.encode("utf-8", "replace")), kind
    return each, names


def button(root: Any, model_id: str) -> Any | None:
    """The button with that id, if it is there and can be pressed."""
    for part in parts(root):
        if part.model_id == model_id and isinstance(part, ipywidgets.Button):
            return None if part.disabled else part
    return None


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The state of a kind of widget that may change."""
    synced = [name for name in kind.class_trait_names(sync=True) if name not in APART]
    return tuple(
        name
        for name in sorted(synced)
        if (name in HIDDEN or not name.startswith("_"))
        and not (name == "value" and issubclass(kind, BYTES))
    )


def _plain(value: Any) -> Any:
    """A value as the page's JavaScript would write it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return f"IPY_MODEL_{value.model_id}" if isinstance(value, ipywidgets.Widget) else value
