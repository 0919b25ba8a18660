"""`DrawingState`: what a person draws for a client of its own; a book for each kind of data."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fedplay.arguments import number, whole, word
from fedplay.data import Federation, TableFile
from fedplay.data.guest import LEAST, MOST
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.runs.given import Party
from fedplay.views.my_client.ink import BLOCK
from fedplay.views.my_client.sketch import (
    CLASSES,
    LARGEST,
    STEPS,
    Kind,
    Mine,
    Sketch,
    counts,
    range_of,
)

NAME = "you"
PAST = 200  # steps that can be taken back
POINTS = 600  # of a stroke
NEAR = 1 / 48  # of the pad: a stroke has no points that are nearer to each other
FAR = 1e6  # from 0 to a coordinate of a point, at most
PLACES = 4  # decimals of a point's coordinates


@dataclass
class Book:
    """The drawings for one kind of data."""

    sketch: Sketch = field(default_factory=Sketch)
    past: list[Sketch] = field(default_factory=list)
    joined: bool = False
    party: Party | None = None  # of the examples it was made of
    party_of: Any = None


def kind_of(exp: Experiment, federation: Federation | None) -> Kind | None:
    """What is drawn for an experiment's data; None where nothing can be."""
    key: Any
    if federation is not None:
        kind, C, image = federation.kind, federation.C, federation.image
        key = "given"
    else:
        source = exp.source
        C, image = source.shape()[2], source.image
        kind, key = source.kind, source if isinstance(source, TableFile) else exp.data
    if not 2 <= C <= CLASSES or exp.stage("model").score != "accuracy":
        return None
    if kind == "pixels" and image is not None and max(image) <= LARGEST:
        return Kind((image, C) if federation is None else key, C, image, federation is None)
    return Kind((key, C), C, None) if kind == "points" else None


class DrawingState:
    """Every action raises ValueError where it cannot be done. `touch()` is called after each."""

    def __init__(self, federation: Federation | None) -> None:
        self.federation = federation
        self.kind: Kind | None = None
        self.books: dict[Any, Book] = {}
        self.fit = True
        self.pen: tuple[float, float] | None = None
        self.down = False
        self._drawing = False  # a stroke has been begun
        self._random = np.random.default_rng(0)

    # --- which book ---------------------------------------------------------------------------

    def turn(self, exp: Experiment) -> None:
        """Open the book for an experiment's data."""
        kind = kind_of(exp, self.federation)
        if kind != self.kind:
            self.kind, self.pen, self.down, self._drawing = kind, None, False, False

    def suits(self, exp: Experiment) -> bool:
        """Whether what is drawn here could be an example of an experiment's data."""
        return kind_of(exp, self.federation) == self.kind

    def _book_of(self, kind: Kind) -> Book:
        return self.books.setdefault(kind.key, Book())

    @property
    def book(self) -> Book:
        if self.kind is None:
            raise ValueError("these data have nothing that could be drawn")
        return self._book_of(self.kind)

    @property
    def sketch(self) -> Sketch:
        return self.book.sketch

    @property
    def joined(self) -> bool:
        return self.kind is not None and self.book.joined

    @property
    def drawn(self) -> bool:
        """Whether there are examples that a link cannot carry."""
        return self.kind is not None and bool(self.sketch.y)

    def party(self, exp: Experiment) -> Party | None:
        """The data of an experiment with the guest in it; None where it has not joined."""
        kind = kind_of(exp, self.federation)
        book = self.books.get(kind.key) if kind is not None else None
        if kind is None or book is None or not book.joined:
            return None
        of = (book.sketch.X, book.sketch.y, kind.image)
        if book.party is None or book.party_of != of:
            X, y = np.array(book.sketch.X, float), np.array(book.sketch.y, int)
            if kind.image is not None:
                low, high = (0.0, 1.0) if self.federation is None else range_of(self.federation)
                X = low + (high - low) * X / STEPS
            book.party, book.party_of = Party(X, y, NAME, self.federation), of
        return book.party

    # --- what a person does -------------------------------------------------------------------

    def _turn_to(self, **changes: Any) -> None:
        """Change the sketch, so that it can be taken back."""
        book = self.book
        book.past.append(book.sketch)
        del book.past[:-PAST]
        book.sketch = book.sketch._replace(**changes)
        if len(book.sketch.y) < LEAST:
            book.joined = False

    def draw(self, kind: str, x: float, y: float) -> None:
        """The pen goes "down", moves ("move"), or is lifted ("up"); 0 to 1 right and down."""
        if self.kind is None or self.kind.image is None:
            raise ValueError("draw: these data are no pictures")
        kind = word("draw: kind", kind, ("down", "move", "up"))
        point = (number("draw: x", x, 0, 1, clip=True), number("draw: y", y, 0, 1, clip=True))
        strokes = self.sketch.strokes
        if kind == "down":
            self._drawing = True
            self._turn_to(strokes=(*strokes, (point,)))
        elif kind == "move" and self._drawing and strokes:
            stroke = strokes[-1]
            far = abs(point[0] - stroke[-1][0]) + abs(point[1] - stroke[-1][1])
            if far >= NEAR and len(stroke) < POINTS:
                longer = (*strokes[:-1], (*stroke, point))
                self.book.sketch = self.sketch._replace(strokes=longer)
        elif kind == "up":
            self._drawing = False

    def put(self, x: float, y: float) -> None:
        """A point of the plane with the chosen class becomes an example."""
        if self.kind is None or self.kind.image is not None:
            raise ValueError("put: these data are no points of a plane")
        x, y = number("put: x", x, -FAR, FAR), number("put: y", y, -FAR, FAR)
        self._more((round(x, PLACES), round(y, PLACES)))

    def _more(self, example: tuple[float, ...], **changes: Any) -> None:
        sketch = self.sketch
        if len(sketch.y) >= MOST:
            raise ValueError(f"add: a client of your own has at most {MOST} examples")
        self._turn_to(X=(*sketch.X, example), y=(*sketch.y, sketch.label), **changes)

    def add(self) -> None:
        """What is on the pad becomes an example."""
        image = None if self.kind is None else self.kind.image
        ink = (
            None
            if image is None
            else counts(self.sketch.strokes, self.sketch.base, image, self.fit)
        )
        if ink is None:
            raise ValueError("add: the pad is empty: draw something first")
        self._drawing = False
        self._more(ink, strokes=(), base=None)

    def name(self, label: int) -> None:
        """The class of what is drawn next, or is on the pad."""
        most = self.kind.C - 1 if self.kind is not None else -1
        label = whole("label", label, 0, most)
        if label != self.sketch.label:
            self.book.sketch = self.sketch._replace(label=label)

    def random(self, federation: Federation) -> None:
        """A test example of the chosen class: on the pad, or as a point among the examples."""
        label, kind = self.sketch.label, self.kind
        rows = np.flatnonzero(federation.y_test == label)
        if kind is None or not len(rows):
            raise ValueError("random: the test set has no example of this class")
        draws = deepcopy(self._random)  # it has drawn once this is done
        x = federation.X_test[draws.choice(rows)]
        if kind.image is None:
            self.put(*x.tolist())
            self._random = draws
            return
        low, high = range_of(federation)
        ink = np.rint(STEPS * np.clip((x - low) / (high - low), 0, 1)).astype(int)
        self._drawing = False
        self._turn_to(strokes=(), base=tuple(ink.tolist()))
        self._random = draws

    def wipe(self) -> None:
        """Empty the pad."""
        self._drawing = False
        if not self.sketch.blank:
            self._turn_to(strokes=(), base=None)

    def remove(self, place: int) -> None:
        """Take an example out."""
        X, y = self.sketch.X, self.sketch.y
        place = whole("place", place, 0, len(y) - 1, why=f"there are {len(y)} examples")
        self._turn_to(X=X[:place] + X[place + 1 :], y=y[:place] + y[place + 1 :])

    def clear(self) -> None:
        """Take everything out."""
        self._drawing = False
        if not self.sketch.blank or self.sketch.y:
            self._turn_to(strokes=(), base=None, X=(), y=())

    def take_back(self) -> None:
        """As it was before the last step."""
        self._drawing = False
        if not self.book.past:
            return
        label = self.sketch.label
        self.book.sketch = self.book.past.pop()._replace(label=label)
        if len(self.sketch.y) < LEAST:
            self.book.joined = False

    def join(self) -> None:
        if len(self.sketch.y) < LEAST:
            raise ValueError(f"join: a client needs {LEAST} examples, one of them to be judged by")
        self.book.joined = True

    def leave(self) -> None:
        self.book.joined = False

    def fill(self, on: bool) -> None:
        """Whether a drawing is scaled to fill its frame."""
        self.fit = _switch(on)

    # --- with the keys ------------------------------------------------------------------------

    def take_pen(self, on: bool) -> None:
        """Draw with the keys, or do so no more."""
        on = _switch(on)
        self.pen, self.down = ((0.5, 0.5) if on and self.kind is not None else None), False
        self._drawing = False

    def move_pen(self, right: int, down: int) -> None:
        """By a pixel of the bitmap."""
        right, down = (whole("pixels", by, -LARGEST, LARGEST) for by in (right, down))
        if self.pen is None or self.kind is None:
            return
        h, w = self.kind.image or (LARGEST // 2, LARGEST // 2)
        x = self.pen[0] + right / (w * BLOCK if self.kind.image else 2 * w)
        y = self.pen[1] + down / (h * BLOCK if self.kind.image else 2 * h)
        self.pen = (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        if self.down:
            self.draw("move", *self.pen)

    def press_pen(self) -> None:
        """Put the pen down, or lift it."""
        if self.pen is not None:
            self.down = not self.down
            self.draw("down" if self.down else "up", *self.pen)

    # --- to be seen and kept ------------------------------------------------------------------

    def mine(self, reception: Any, current: bool) -> Mine | None:
        """What the view is to show."""
        if self.kind is None:
            return None
        book = self.book
        return Mine(
            self.kind,
            book.sketch,
            book.joined,
            self.fit,
            self.pen,
            self.down,
            reception,
            current,
            len(book.past),
        )

    def kept(self) -> dict[str, Any] | None:
        """What a page keeps: the examples of the open book."""
        if self.kind is None or not self.sketch.y:
            return None
        X = self.sketch.X
        rows = ["".join(chr(97 + int(v)) for v in row) for row in X] if self.kind.image else X
        return {"data": repr(self.kind)[:300], "X": rows, "y": self.sketch.y, "joined": self.joined}

    def take_up(self, kept: Any) -> None:
        """What a page has kept, if all of it is as it should be. It is not trusted."""
        kind = self.kind
        if kind is None or not isinstance(kept, dict) or kept.get("data") != repr(kind)[:300]:
            return
        X, y = kept.get("X"), kept.get("y")
        if not isinstance(X, list) or not isinstance(y, list):
            return
        if not 0 < len(X) == len(y) <= MOST:
            return
        if not all(type(label) is int and 0 <= label < kind.C for label in y):
            return
        rows = [_row(row, kind) for row in X]
        found = tuple(row for row in rows if row is not None)
        if len(found) < len(rows):
            return
        book = self.book
        book.sketch, book.past = book.sketch._replace(X=found, y=tuple(y)), []
        book.joined = kept.get("joined") is True and len(y) >= LEAST


def _switch(on: Any) -> bool:
    """On or off; ValueError for what is neither."""
    if not isinstance(on, bool | np.bool_):
        raise ValueError(f"on={short(on)}: must be True or False")
    return bool(on)


def _row(row: Any, kind: Kind) -> tuple[float, ...] | None:
    """An example as it was kept, or None for what is none."""
    if kind.image is not None:
        if not isinstance(row, str) or len(row) != kind.image[0] * kind.image[1]:
            return None
        ink = [ord(letter) - 97 for letter in row]
        return tuple(ink) if all(0 <= v <= STEPS for v in ink) else None
    if not isinstance(row, list) or len(row) != 2:
        return None
    fine = all(type(v) in (int, float) and abs(v) <= FAR for v in row)
    return (float(row[0]), float(row[1])) if fine else None
