"""`Screen`: every widget of the Playground, where it stands, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from fedplay.playground import readouts
from fedplay.playground.bar import Bar
from fedplay.playground.column import Column
from fedplay.playground.files import files_of
from fedplay.playground.headline import Headline
from fedplay.playground.panel import Panel
from fedplay.playground.pins_and_history import Pins, RunHistoryList
from fedplay.playground.share import Share
from fedplay.playground.story import Story
from fedplay.playground.transport import Transport
from fedplay.playground.view_tabs import ViewTabs
from fedplay.runs.series import BARS
from fedplay.session.pointer import PointerAndKeys
from fedplay.session.session import Session
from fedplay.untrusted import escape
from fedplay.views.base import Row
from fedplay.views.board import GAP, Board, seen_by, waiting
from fedplay.views.registered import MAIN, VIEWS
from fedplay.views.scene import Scene
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.closing import close_all
from fedplay.widgets.page import Page
from fedplay.widgets.stage import Stage
from fedplay.words import plain, short

WIDTH, HEIGHT = 892, 456  # css pixels, until the page says how much room there is
BETWEEN = 74  # css pixels between curves and view, for the tabs, until the page has measured it
KEYS = (
    "Left and right arrows go through the rounds, Home and End to the first and the last; up and "
    "down arrows follow a client, Escape follows none; the space bar plays and pauses. In My "
    "client Enter takes a pen: arrows move it, the space bar puts it down, Page Up and Down choose "
    "the class, Enter adds, Escape lays the pen away. In Federation Enter points at a class: "
    "arrows move, Enter takes it away or gives it back, Escape ends it. In Client table Page Up "
    "and Down turn pages and Enter sorts by the next column; in Confusion Enter judges on other "
    "examples."
)
WAITING = "Being computed …"
HIDDEN = "The answer is hidden until you reveal it."

Act = Callable[..., None]


class Screen:
    """The widgets of one session; `act(name, *arguments)` runs the action of that name.

    `draw`, `write` and `describe` bring the picture, the numbers and the words up to date.
    """

    def __init__(
        self,
        session: Session,
        act: Act,
        panel: Panel,
        page: Page,
        *,
        core: bool = False,
    ) -> None:
        self.session, self.panel, self.page = session, panel, page
        self.stage = Stage(width=WIDTH, height=HEIGHT, help=KEYS, core=core)
        self.pointer = PointerAndKeys(session, act)
        labs = session.federation is None and session.whole
        self.bar, self.story = Bar(act, labs=labs), Story(act, labs=labs)
        self.share = Share(act)
        self.transport = Transport(act, session.player.speed)
        made = {name: VIEWS[name].controls(act) for name in session.states}
        self.rows = {name: _row(row) for name, row in made.items() if row is not None}
        self.view_tabs = ViewTabs(act, list(self.rows.values()))
        self.pins, self.run_history = Pins(act), RunHistoryList(act)
        self.column = Column(panel, act, self.pins.widget, self.run_history.widget)
        self.headline = Headline(act, session.axis)
        self._views: tuple[str, ...] = ()
        self._else: Any = None  # what the picture was made of, a drawing excepted
        self._between: dict[str, int] = {}  # by view, what its tabs, words and row take
        self.board = self._board()
        self.widget = self._arranged(panel, page)
        page.tend(self.widget)
        page.on_alive = self.stage.nudge

    def _arranged(self, panel: Panel, page: Page) -> Any:
        style = Path(__file__).with_name("playground.css").read_text(encoding="utf-8")
        css = ipywidgets.HTML(f"<style>{style}</style>")
        css.layout.display = "none"
        scene = ipywidgets.VBox([self.stage.widget, self.view_tabs.widget])
        scene.add_class("fedplay-scene")
        right = ipywidgets.VBox([self.story.widget, self.headline.widget, scene])
        right.add_class("fedplay-right")
        left = self.column.widget
        both = ipywidgets.HBox([left, right] if panel.offers else [right, left])
        both.add_class("fedplay-both")
        parts = [css, self.bar.widget, self.share.widget, both, self.transport.widget]
        whole = ipywidgets.VBox([*parts, *([page.widget] if page.widget is not None else [])])
        whole.add_class("fedplay")
        if self.stage.fits:
            whole.add_class("fedplay-fitted")
        return whole

    def close(self) -> None:
        """Close every widget, those that are not shown now among them."""
        self.stage.close()
        self.page.close()
        close_all(self, *self.panel.controls.values())

    # --- the picture --------------------------------------------------------------------------

    def _board(self) -> Board:
        stage, views = self.stage, self.session.board_views()
        self._views = views
        tabs = stage.fits and self.session.drawn
        between = self._between.get(views[-1], BETWEEN) if tabs else GAP
        size = stage.width, stage.height, stage.ratio
        board = Board(*size, views=views, dark=stage.dark, between=between)
        if stage.fits:
            fill(self.view_tabs.widget.layout, top=f"{board.gap}px")
        own = [colour for name in views for colour in VIEWS[name].key_colours(board.look)]
        stage.palette([*board.look.key_colours(), *own])
        self.pointer.board = board
        return board

    def redraw(self) -> None:
        """Everything anew, for another size, theme or choice of views."""
        lit = self.board.lit
        self.board = self._board()
        self.board.lit = lit
        self.draw()

    def renew(self, ahead: frozenset[str]) -> None:
        """Bring every widget up to date after a step that was interrupted.

        ahead: the knobs whose fields show what is still to come
        """
        self.follow(ahead)
        self.share.write()
        lit, self.board = self.board.lit, self._board()
        self.board.lit = lit

    def draw(self) -> None:
        """Draw the current scene."""
        scene = self.session.scene()
        if scene is None or self._drawn_again(scene):
            return
        outgrown = not all(view.fits(scene) for view in self.board.views.values())
        if self.session.board_views() != self._views or outgrown:
            self.board = self._board()
        self.board.show(scene)
        self._else = self._changes()
        self.pointer.renew()
        self.show()

    def _changes(self) -> tuple[int, Board]:
        """Counts what changes the picture, but for what is a view's own."""
        return self.session.player.changes - self.session.own_changes, self.board

    def _drawn_again(self, scene: Scene) -> bool:
        """Draw what a view has of its own, if that is all that has changed; whether it was."""
        if self._else != self._changes():
            return False
        frame = self.board.again(scene)
        if frame is None:
            return False
        self.pointer.renew()
        self.stage.show(frame, self.pointer.tip, self.pointer.cursor)
        return True

    def show(self) -> None:
        """Send the picture as it is."""
        self.stage.show(self.board.frame(), self.pointer.tip, self.pointer.cursor)

    def resized(self) -> None:
        """There is another room for the picture, or for the tabs in it."""
        if self.stage.between:
            self._between[self._views[-1]] = self.stage.between
        self.redraw()

    # --- words and numbers --------------------------------------------------------------------

    def follow(self, ours: frozenset[str]) -> None:
        """The store has changed: `ours` are the knobs that the page has just set itself."""
        store = self.session.store
        self.column.show(store.experiment, store, ours, self.session.guide)
        self.share.show(store.experiment, self.session.guide.lab, self.session.guide.at)
        self._bar()

    def _bar(self) -> None:
        session, store = self.session, self.session.store
        self.bar.show(
            session.guide,
            can_undo=store.timeline.can_undo,
            can_redo=store.timeline.can_redo,
            guessing=session.veiled,
            guessable=session.guessable,
        )
        self.story.show(session.guide, store.errors.get("", ""), guessing=session.veiled)

    def write(self) -> None:
        """The sentences and the numbers."""
        session, player, scene = self.session, self.session.player, self.session.scene()
        if scene is None or player.shown is None:
            return
        if session.veiled:
            self.describe()
        headline = VIEWS[MAIN].sentence(scene)
        self.headline.say(headline)
        if self.pointer.asked:  # by keys: who cannot see the picture hears what they have changed
            words = self._caption(scene) if self.pointer.asked == "view" else headline
            self.pointer.asked = ""
            self.stage.say(plain(words))
        # What is shown from now on comes after what is in it.
        self.view_tabs.say(self._caption(scene))
        self._offer_views()
        for name, row in self.rows.items():
            row.show(scene if name == session.drawn else None)
        unshared = [state.unshared for state in session.states.values() if state.unshared]
        self.share.unshared = " ".join(unshared)
        followed = range(min(len(scene.panel), BARS))
        self.view_tabs.follow([short(scene.name(place)) for place in followed], scene.client)
        self.headline.ask(session.guess, veiled=session.veiled)
        self.transport.show(scene.at, player.shown.R, player.mode == "play")
        self.headline.count(player, veiled=session.veiled)
        skew, spent = readouts.skew_note(player.facts()), readouts.privacy_note(player)
        own = "alpha" if "alpha" in self.panel.shown else "partition"
        for name in ("alpha", "partition"):
            self._note(name, skew if name == own else "")
        self._note("noise_multiplier", spent)
        accuracy = float(player.shown.accuracy[-1]) if player.shown.complete else None
        now = session.store.experiment if session.veiled else player.shown.exp
        self.pins.show(session.pins, now, None if session.veiled else accuracy)
        self.run_history.show(session.run_history, hidden=session.veiled)
        self._bar()
        self.headline.offer(session.axes(), session.axis)
        self.headline.draws(session.curves)

    def _offer_views(self) -> None:
        session = self.session
        front, away = session.in_front(), session.away()
        others = [n for n in session.offered if n not in front and not VIEWS[n].main]
        self.view_tabs.offer(front, session.drawn, away)
        self.view_tabs.list_others(others, away, session.experiment)

    def _caption(self, scene: Scene) -> str:
        view = VIEWS.get(self.session.drawn)
        if view is None:
            only = self.session.offered == (MAIN,)
            return "" if only else "None of the views on this screen applies to these data."
        if scene.veiled and view.secret:
            return HIDDEN
        trouble = self.session.player.near.trouble
        if scene.closeup is None and trouble is not None:
            words = escape(f"{type(trouble).__name__}: {trouble}")
            return f'<span class="fedplay-alarm">This cannot be shown. {words}</span>'
        seen = seen_by(view, scene)
        return WAITING if waiting(view, seen) else view.sentence(seen)

    def _note(self, name: str, html: str) -> None:
        if name in self.panel.controls:
            self.panel.controls[name].note(html if name in self.panel.shown else "")

    def describe(self) -> None:
        """The picture in words, once it has come to rest."""
        session = self.session
        words, scene = readouts.alternative(session.player), session.scene()
        view = VIEWS.get(session.drawn)
        if scene is not None and view is not None and (more := view.spoken(scene)):
            words += f" {more}"
        self.stage.describe(HIDDEN if session.veiled else words)

    def files(self) -> dict[str, bytes]:
        """The picture and the data on the screen, by the ending of the file's name, and what the
        open view has to be saved, by its whole name."""
        scene, view = self.session.scene(), VIEWS.get(self.session.drawn)
        there = scene is not None and view is not None and not scene.veiled
        own = view.files(seen_by(view, scene)) if there and view and scene else {}
        return files_of(self.session, self.board) | own


class Shown:
    """A row made of one widget, shown while its view is open."""

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        display(widget, False)

    def show(self, scene: Scene | None) -> None:
        display(self.widget, scene is not None and not scene.veiled)


def _row(made: Any) -> Row:
    """What a view's `controls` has made, as a row."""
    if isinstance(made, ipywidgets.Widget):
        return Shown(made)
    row: Row = made
    return row
