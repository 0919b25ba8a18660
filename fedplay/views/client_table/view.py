"""Client table: a row for each client, sorted by any column, a page of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from fedplay.drawing.cached_text import fitting
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.mosaic import Bitmap, Caption
from fedplay.drawing.sheet import extent
from fedplay.drawing.style import SMALL, Look, mixed
from fedplay.inspect.client_table import ClientTable, client_table
from fedplay.runs.series import Moment
from fedplay.views.base import Row, View
from fedplay.views.client_table import words
from fedplay.views.client_table.order import COLUMNS, Sorting, in_sight, ranked, sorting_of
from fedplay.views.client_table.state import TableState
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State

EDGE, HEAD, FOOT = 14.0, 24.0, 18.0  # css pixels beside, above and below the rows
LINE, HALF = 17.0, 9.0  # css pixels of a row, and from the top of a word to its middle
APART = 18.0  # css pixels between columns, at least
BAR = 8.0  # css pixels of the bar that says which rows are in sight
WIDEST = 118.0  # css pixels of the first column, which has names
NOTHING = np.zeros((1, 1), np.uint32)  # a picture without a pixel that is seen
COLOURS = {"global_accuracy": "accent", "personal_accuracy": "personal", "alone_accuracy": "alone"}


def _judged(scene: Scene) -> ClientTable | None:
    """The table of the run that is shown, where it is there and may be seen."""
    there = isinstance(scene.closeup, ClientTable) and scene.fresh and not scene.veiled
    return scene.closeup if there else None


class ClientRows(View):
    """A table of the clients: what each has, how often it was called, how its models do.

    A click on a heading sorts by it, one on a row follows that client; the rows are dragged, or
    turned over with Page Up and Page Down.
    """

    name: ClassVar[str] = "client_table"
    title: ClassVar[str] = "Client table"
    topic: ClassVar[str] = "Clients"
    needs: ClassVar[tuple[str, ...]] = ("accuracy", "examples to judge by")
    help: ClassVar[str] = "A row for each client, sorted by any column; it can be saved as CSV."
    part: ClassVar[float] = 0.55
    follows: ClassVar[bool] = False
    State: ClassVar[type[State]] = TableState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        sheet = self.axes(0, 0, box.width, box.height)
        sheet.set_axis_off()
        sheet.set_xlim(0, box.width)
        sheet.set_ylim(box.height, 0)
        self.rows = max(int((box.height - HEAD - FOOT) // LINE), 1)
        self.stripes = PolyCollection([], lw=0, zorder=1)
        self.rules = LineCollection([], linewidths=1, zorder=2)
        self.text = Bitmap(canvas, box)
        self.text.set_zorder(3)
        self.outline = PolyCollection([], facecolor="none", zorder=4)
        for artist in (self.stripes, self.rules, self.outline):
            sheet.add_collection(artist, autolim=False)
        sheet.add_artist(self.text)
        canvas.seldom([self.stripes, self.rules, self.text])
        canvas.moving([self.outline])
        self.scene: Scene | None = None
        self.found: ClientTable | None = None
        self.sorting = Sorting()
        self.order: Array = np.zeros(0, np.int64)  # the places of all rows, from the top
        self.places: list[int] = []  # those in sight
        self.first = 0  # rows above them
        self.heads: list[tuple[str, float, float]] = []  # what to sort by, from and to
        self.hovered: int | None = None
        self._seen: Any = None

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """The table after the round."""
        return client_table(moment.run, moment.number, moment.w)

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What it is sorted by, from which client to which."""
        if scene.veiled:
            return "How each client fares is shown after your guess."
        if not isinstance(scene.closeup, ClientTable) or not scene.fresh:
            return "Three models for every client are being judged …"
        return words.told(scene.closeup, sorting_of(scene.state))

    @staticmethod
    def spoken(scene: Scene) -> str:
        """The row of the client that is followed."""
        table = _judged(scene)
        return words.spoken(scene, table) if table is not None else ""

    @staticmethod
    def files(scene: Scene) -> dict[str, bytes]:
        """The whole table, by the name of the file."""
        table = _judged(scene)
        return {"clients.csv": table.to_csv().encode()} if table is not None else {}

    @staticmethod
    def controls(act: Callable[..., None]) -> Row:
        from fedplay.views.client_table.controls import TableRow

        return TableRow(act)

    # --- what it shows ------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Draw the rows in sight; nothing of them before a guess."""
        self.scene, sorting = scene, sorting_of(scene.state)
        now = (scene.closeup, scene.fresh, scene.veiled, sorting, scene.client, scene.exp)
        if now != self._seen:
            self._seen, self.sorting = now, sorting
            there = isinstance(scene.closeup, ClientTable) and not scene.veiled
            self.found = scene.closeup if there else None
            self._draw(scene)
            self.canvas.touch()
        self._outline()

    def _draw(self, scene: Scene) -> None:
        self.order, self.places, self.heads = np.zeros(0, np.int64), [], []
        table, look = self.found, self.look
        self.stripes.set_verts([])
        self.rules.set_segments([])
        if table is None:
            self.text.put([])
            return
        self.order = ranked(table, self.sorting)
        shown, apart = in_sight(self.order, self.sorting.top, self.rows, scene.client)
        self.first = max(min(self.sorting.top, len(self.order) - self.rows), 0)
        self.places = [*shown.tolist(), *([] if apart is None else [apart])]
        captions = self._columns(scene, table)
        foot = fitting(words.below(table, self.first, len(shown)), self.wide, SMALL)
        muted = look.muted if scene.fresh else look.stale
        captions.append(_left(EDGE, self.box.height - FOOT / 2, foot, muted))
        corner = Box(self.box.left, self.box.top, 1, 1)
        moved = [
            c._replace(centre=c.centre + corner.left, top=c.top + corner.top) for c in captions
        ]
        self.text.put([(NOTHING, corner)], moved)
        self._ground(scene, apart is not None)

    @property
    def wide(self) -> float:
        """Css pixels of a row."""
        return max(self.box.width - 2 * EDGE - BAR - 6, 20.0)

    def _columns(self, scene: Scene, table: ClientTable) -> list[Caption]:
        """The words of as many columns as there is room for, headings and cells."""
        values = table.columns()
        cells = {key: [words.cell(key, values[key][k]) for k in self.places] for key in COLUMNS}
        named = [fitting([table.names[k]], WIDEST, SMALL) for k in self.places]
        cells["client"] = named
        for wording in (0, 1):
            heads = words.headings(scene, self.sorting, wording)
            size = {key: max(map(extent, (heads[key], *cells[key]))) for key in COLUMNS}
            if sum(size.values()) + APART * (len(size) - 1) <= self.wide:
                break
        keys = list(COLUMNS)
        while len(keys) > 2 and sum(size[k] for k in keys) + APART * (len(keys) - 1) > self.wide:
            keys.pop(-1 if keys[-1] != self.sorting.by else -2)
        spare = (self.wide - sum(size[key] for key in keys)) / max(len(keys) - 1, 1)
        gap, x, found = min(spare, 3 * APART), EDGE, list[Caption]()
        for key in keys:
            right = x + size[key]
            self.heads.append((key, x - gap / 2, right + gap / 2))
            for row, text in enumerate([heads[key], *cells[key]]):
                y = HEAD / 2 if row == 0 else HEAD + (row - 0.5) * LINE
                place = EDGE if key == "client" else right - extent(text)
                found.append(_left(place, y, text, self._ink(scene, key, row)))
            x = right + gap
        return found

    def _ink(self, scene: Scene, key: str, row: int) -> str:
        """The colour of a word: of a heading (row 0) or of a cell."""
        look = self.look
        if not scene.fresh:
            return look.stale
        if row:
            return look.ink
        usual = look.ink if key == self.sorting.by else look.muted
        colour: str = getattr(look, COLOURS[key]) if key in COLOURS else usual
        return colour

    def _ground(self, scene: Scene, apart: bool) -> None:
        """Stripes behind every other row, the bar of what is in sight, and the rules."""
        look, K, shown = self.look, len(self.order), len(self.places)
        faint = mixed(look.paper, look.faint, 0.5)
        verts = [self._row(k) for k in range(1, shown, 2)]
        colours = [faint] * len(verts)
        if self.rows < K:
            left, tall = self.box.width - EDGE - BAR, self.rows * LINE
            top, long = HEAD + tall * self.first / K, max(tall * self.rows / K, 10.0)
            top = min(top, HEAD + tall - long)
            verts += [_box(left, HEAD, BAR, tall), _box(left, top, BAR, long)]
            colours += [faint, look.stale]
        self.stripes.set_verts(verts)
        self.stripes.set_facecolor(colours)
        lines = [HEAD - 1.0, *([HEAD + (shown - 1) * LINE] if apart else [])]
        self.rules.set_segments([[(EDGE, y), (EDGE + self.wide, y)] for y in lines])
        self.rules.set_color(look.stale)

    def _row(self, k: int) -> list[tuple[float, float]]:
        """The corners of the k-th row in sight."""
        return _box(EDGE - 4, HEAD + k * LINE, self.wide + 8, LINE)

    # --- what stands out, and what is where ---------------------------------------------------

    def light(self, client: int | None) -> None:
        """Outline a client's row, beside that of the client that is followed."""
        self.hovered = client
        self._outline()

    def _outline(self) -> None:
        followed = None if self.scene is None else self.scene.client
        wanted = [(followed, 2.0, self.look.ink), (self.hovered, 1.2, self.look.muted)]
        if followed == self.hovered:
            wanted = wanted[:1]
        drawn = [(self.places.index(k), w, c) for k, w, c in wanted if k in self.places]
        self.outline.set_verts([self._row(k) for k, _, _ in drawn])
        self.outline.set_linewidth([w for _, w, _ in drawn])
        self.outline.set_edgecolor([c for _, _, c in drawn])

    def neighbour(self, step: int) -> int:
        """The place of the client in the row below the one that is followed, or above it."""
        order = self.order.tolist()
        now = None if self.scene is None else self.scene.client
        if now not in order:
            return int(order[self.first if step > 0 else -1])
        return int(order[(order.index(now) + step) % len(order)])

    def at(self, x: float, y: float) -> Hit | None:
        """A heading to sort by, a client's row, or the bar beside the rows."""
        scene, table, a, b = self.scene, self.found, x - self.box.left, y - self.box.top
        if scene is None or table is None or not self.box.holds(x, y):
            return None
        if b < HEAD:
            for key, left, right in self.heads:
                if left <= a <= right:
                    again = key == self.sorting.by
                    line = "turn the order around" if again else f"sort by {COLUMNS[key].called}"
                    return Hit((line,), click=Intent("sort_clients", (key,)))
            return None
        if len(self.order) > self.rows and a >= self.box.width - EDGE - BAR - 4:
            line = f"rows from {self.first + 1:,} of {len(self.order):,}: drag"
            return Hit((line,), "ns-resize", press=self._along(x, y), drag=self._along)
        row = int((b - HEAD) // LINE)
        if not 0 <= row < len(self.places) or not EDGE - 4 <= a <= EDGE + self.wide + 4:
            return None
        place, first = self.places[row], self.first

        def pulled(_x: float, now: float) -> Intent:
            return Intent("scroll_clients", (first + round((y - now) / LINE),))

        drag = pulled if len(self.order) > self.rows else None
        return Hit(words.about(scene, table, place), client=place, drag=drag)

    def _along(self, _x: float, y: float) -> Intent:
        """What a position along the bar asks for."""
        part = (y - self.box.top - HEAD) / (self.rows * LINE)
        return Intent("scroll_clients", (round(part * len(self.order) - self.rows / 2),))


def _left(x: float, y: float, text: str, colour: str) -> Caption:
    """Words that begin at a point, which is the middle of their height."""
    return Caption(x + extent(text) / 2, y - HALF, [(text, colour)])


def _box(left: float, top: float, width: float, height: float) -> list[tuple[float, float]]:
    right, low = left + width, top + height
    return [(left, top), (right, top), (right, low), (left, low)]
