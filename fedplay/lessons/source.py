"""`code`: the source of a stage, a class or a function, to be read beside what it does."""

from __future__ import annotations

import inspect
import io
import keyword
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import fedplay
import fedplay.stages
from fedplay.experiment import Experiment
from fedplay.knobs import one_of, short
from fedplay.registry import SLOTS
from fedplay.slots import TABLE
from fedplay.untrusted import escape

# What an experiment is run on is no part of its method.
METHOD = tuple(slot for slot in TABLE if slot not in ("data", "model"))
# The colours of the notebook's own editor; where a page has none, readable on white and on black.
COLOURS = {
    "comment": "var(--jp-mirror-editor-comment-color, #6a7a7a)",
    "string": "var(--jp-mirror-editor-string-color, #ba4a4a)",
    "keyword": "var(--jp-mirror-editor-keyword-color, #2f8f4f)",
}
BOX = "margin: 0 0 12px; padding: 8px 12px; overflow-x: auto; line-height: 1.35; "
BOX += "border-left: 3px solid var(--jp-border-color1, #bdbdbd); "
BOX += "font-family: var(--jp-code-font-family, monospace); font-size: 13px"


@dataclass(frozen=True)
class Piece:
    """One class or function: what it is called, where it stands, its lines."""

    name: str
    where: str
    text: str


@dataclass(frozen=True, repr=False)
class Code:
    """Source that shows itself: as text where it is printed, with colours in a notebook."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The lines, each piece below a comment that says where it stands."""
        return "\n\n".join(f"# {one.where}\n{one.text}" for one in self.pieces)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return "".join(
            f"<div><b>{escape(one.name)}</b> <code>{escape(one.where)}</code></div>"
            f'<pre tabindex="0" aria-label="Source of {escape(one.name)}" style="{BOX}">'
            f"{_coloured(one.text)}</pre>"
            for one in self.pieces
        )


def code(*what: Any) -> Code:
    """The source of stages by their registered names, of classes, functions or an Experiment.

    A stage is written as its difference from the base class of its slot, so its source is what
    is special about it. Of an experiment: its algorithm, and whatever else of its method is not
    the default. ValueError for what has no name or no source here.

    >>> print(code("fedprox").text.splitlines()[0])
    # fedplay/stages/algorithm/fedprox.py
    """
    if not what:
        raise ValueError("code: say what to show, such as code('fedprox')")
    found = dict.fromkeys(one for item in what for one in _meant(item))
    return Code(tuple(_piece(one) for one in found))


def _meant(item: Any) -> Iterator[Any]:
    """The classes and functions that an argument stands for."""
    if isinstance(item, Experiment):
        yield from _method(item)
    elif isinstance(item, str):
        yield _named(item)
    elif inspect.isclass(item) or inspect.isroutine(item) or isinstance(item, ModuleType):
        yield item
    elif getattr(type(item), "slot", None) in SLOTS:
        yield type(item)
    else:
        raise ValueError(
            f"code={short(item)}: must be the name of a stage, a class, a function or an Experiment"
        )


def _method(exp: Experiment) -> Iterator[type]:
    """The classes of an experiment's method: its algorithm, then all that is not the default."""
    for slot in sorted(METHOD, key=lambda slot: slot != "algorithm"):
        if slot == "channel":
            yield from (type(layer) for layer in exp.layers)
        elif slot == "algorithm" or exp.chosen(slot) != (TABLE[slot].auto or TABLE[slot].default):
            yield type(exp.stage(slot))


def _named(name: str) -> type:
    """The stage of a name; "slot:name" where two slots know it."""
    slot, _, bare = name.rpartition(":")
    slots = [slot] if slot in SLOTS else list(SLOTS)
    found = [s for s in slots if bare in SLOTS[s]]
    if slot not in ("", *SLOTS) or not found:
        raise one_of("code", name, (n for s in METHOD for n in SLOTS[s]))
    if len(found) > 1:
        ways = " or ".join(f"code('{s}:{bare}')" for s in found)
        raise ValueError(f"code={name!r}: is in several slots; write {ways}")
    return SLOTS[found[0]][bare]


def _piece(one: Any) -> Piece:
    name = one.__name__
    try:
        text = inspect.getsource(one)
        path = Path(inspect.getsourcefile(one) or "")
    except (OSError, TypeError):
        return Piece(name, "this notebook", _typed(one))
    root = Path(fedplay.__file__).parents[1]
    where = path.relative_to(root).as_posix() if path.is_relative_to(root) else "this notebook"
    return Piece(name, where, textwrap.dedent(text).rstrip())


def _typed(one: Any) -> str:
    """A class typed into a notebook: before Python 3.13 only its methods can be found."""
    methods = (
        [f for f in vars(one).values() if inspect.isfunction(f)] if inspect.isclass(one) else []
    )
    texts = []
    for method in methods:
        try:
            texts.append(inspect.getsource(method).rstrip())
        except (OSError, TypeError):  # what a dataclass adds by itself has no source
            continue
    if not texts:
        raise ValueError(f"code={one.__name__}: its source is not to be found")
    return f"class {one.__name__}:\n" + "\n\n".join(texts)


def _coloured(text: str) -> str:
    """Python as HTML: comments, strings and keywords in the colours of the editor."""
    lines = text.splitlines(keepends=True)
    begin = [0]
    for line in lines:
        begin.append(begin[-1] + len(line))
    parts, done = [], 0
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):  # a piece of something: plain then
        tokens = []
    for token in tokens:
        kind = _kind(token)
        if kind:
            first = begin[token.start[0] - 1] + token.start[1]
            last = begin[token.end[0] - 1] + token.end[1]
            parts.append(escape(text[done:first]))
            parts.append(f'<span style="color: {COLOURS[kind]}">{escape(text[first:last])}</span>')
            done = last
    return "".join([*parts, escape(text[done:])])


def _kind(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.COMMENT:
        return "comment"
    if token.type == tokenize.STRING:
        return "string"
    return "keyword" if token.type == tokenize.NAME and keyword.iskeyword(token.string) else ""
