"""`Still`: what the screen would show of an experiment that has come to rest, without a screen."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from fedplay import clock
from fedplay.arguments import whole
from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.session.plain_controls import PlainControls
from fedplay.session.session import Session
from fedplay.views.board import Board
from fedplay.views.registered import MAIN, VIEWS
from fedplay.views.scene import Intent, Scene


class Still:
    """An experiment run to its end with a view beside the curves, and all that it needs computed.

    view:   the name of a view that has something to show of this run; "" for the curves alone
    at:     the round the viewer stands at, the last one by default
    client: the place of the client that is followed, if any
    first:  what is done in views first; or by their names, `compare=(["FedAvg", "SCAFFOLD"], 3)`

    ValueError in one sentence for a view, an action or a round that there is not, and for an
    experiment that cannot be run; whatever an algorithm of somebody's own raises is raised here.
    """

    def __init__(
        self,
        exp: Experiment,
        federation: Federation | None = None,
        view: str = "",
        *,
        at: int | None = None,
        client: int | None = None,
        first: Sequence[Intent] = (),
        **verbs: tuple[Any, ...],
    ) -> None:
        asked = [*first, *(Intent(verb, arguments) for verb, arguments in verbs.items())]
        offered = None if view or asked else [MAIN]
        self.session = session = Session(exp, federation, offered, _raise)
        session.panel = PlainControls(session.experiment, own_data=federation is not None)
        session.player.want(session.store.experiment)
        self.settle()
        at = None if at is None else whole("at", at, 0, session.experiment.rounds)
        if at is not None:
            session.player.scrub(at)
        if client is not None:
            session.follow(client)
        called = view in VIEWS and VIEWS[view].summoned and bool(asked)  # by one of these
        if view and not called:
            session.open(view)
        for intent in asked:
            self._do(*intent)
        if view and not session.is_open(view):
            session.open(view)
        self.settle()
        if at is not None and session.player.cursor != at:  # an action has led to another run
            session.player.scrub(at)
            self.settle()

    def _do(self, verb: str, arguments: tuple[Any, ...]) -> None:
        """One of the actions of the views."""
        known = self.session.verbs()
        if verb not in known:
            raise ValueError(f"{verb!r}: is no action of a view; there are {sorted(known)}")
        action = known[verb]
        try:
            inspect.signature(action).bind(*arguments)
        except TypeError as error:
            raise ValueError(f"{verb}={arguments!r}: {error}") from None
        action(*arguments)

    def settle(self) -> None:
        """Compute all that is wanted now."""
        session = self.session
        while True:
            wait = session.player.work(1.0)
            if session.settle_view():
                continue
            if wait is None:
                return
            clock.sleep(wait)

    def scene(self) -> Scene:
        """What there is to be seen now."""
        scene = self.session.scene()
        assert scene is not None, "it was run"
        return scene

    def board(self, width: int, height: int, ratio: float = 1.0, *, dark: bool = False) -> Board:
        """The whole picture, drawn."""
        board = Board(width, height, ratio, views=self.session.board_views(), dark=dark)
        board.show(self.scene())
        return board


def _raise(error: Exception) -> None:
    raise error
