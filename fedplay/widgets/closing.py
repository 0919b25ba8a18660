"""Closing a screen: every widget that belongs to it is closed.

ipywidgets keeps every widget that was ever made, with all that its callbacks can reach, until that
widget is closed; and to close a box closes none of the widgets in it. So whoever makes widgets
closes them all. Most people close nothing and run a cell again, which takes the old output off the
page: what was shown nowhere else is closed for them.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol
from weakref import WeakSet

import ipywidgets


def close_all(*owners: Any) -> None:
    """Close every widget that these hold: shown, hidden, or never put on the screen.

    An owner is a widget, or an object of ours with a `widget`: a row, a panel, a control.
    """
    seen: dict[int, Any] = {}
    waiting = list(owners)
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            waiting += _held(one)
    for one in seen.values():
        if isinstance(one, ipywidgets.Widget):
            one.close()


def _held(one: Any) -> list[Any]:
    """What is to be looked through next: of a widget its children, layout and style."""
    if isinstance(one, ipywidgets.Widget):
        return [getattr(one, name) for name in one.keys]
    if isinstance(one, list | tuple):
        return list(one)
    if isinstance(one, dict):
        return list(one.values())
    return list(vars(one).values()) if hasattr(one, "widget") else []


class Closable(Protocol):
    def close(self) -> None: ...


class Place:
    """In which cells of the notebook something is shown; closed once it is off the page.

    A front end names the cell of every execution (JupyterLab, Notebook 7, VS Code). Where it does
    not, and in a script, nothing is ever taken to be off the page.
    """

    def __init__(self, owner: Closable) -> None:
        self.owner = owner
        self.shown: dict[str, str] = {}  # cell -> the execution that shows it
        self.here()

    def here(self) -> None:
        """It was made, or is shown, by the cell that is executed now, which had shown others."""
        cell, execution = _now()
        self.shown[cell] = _latest[cell] = execution
        _places.add(self)
        for other in list(_places):
            if all(_latest[cell] != execution for cell, execution in other.shown.items()):
                other.owner.close()

    def leave(self) -> None:
        """It is closed."""
        _places.discard(self)


_places: WeakSet[Place] = WeakSet()
_latest: dict[str, str] = {}  # cell -> its execution that showed something last


def _now() -> tuple[str, str]:
    """The notebook cell that is executed now, and which execution it is; "", "" outside of one."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    parent_of = getattr(getattr(shell, "kernel", None), "get_parent", None)
    parent = (parent_of() if parent_of is not None else None) or {}
    cell = parent.get("metadata", {}).get("cellId")
    return (str(cell), str(parent["header"]["msg_id"])) if cell else ("", "")
