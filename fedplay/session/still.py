"""`Still`: what the screen would show of an experiment that has come to rest, without a screen."""

from __future__ import annotations

from typing import Any

from fedplay import clock
from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.session.session import Session
from fedplay.views.board import Board
from fedplay.views.scene import Scene


class Still:
    """An experiment run to its end with a view beside the curves, and all that it needs computed.

    view:   the name of a view that has something to show of this run; "" for the curves alone
    at:     the round the viewer stands at, the last one by default
    client: the place of the client that is followed, if any
    verbs:  what is done in views first, as `compare=(["FedAvg", "SCAFFOLD"], 3)`

    ValueError in one sentence for a view or a round that there is not, and for an experiment that
    cannot be run; whatever an algorithm of somebody's own raises is raised here.
    """

    def __init__(
        self,
        exp: Experiment,
        federation: Federation | None = None,
        view: str = "",
        *,
        at: int | None = None,
        client: int | None = None,
        **verbs: tuple[Any, ...],
    ) -> None:
        self.session = session = Session(exp, federation, None, _raise)
        session.player.want(session.store.experiment)
        self.settle()
        if view:
            session.open(view)
        for verb, arguments in verbs.items():
            states = session.states.values()
            getattr(next(state for state in states if verb in state.verbs), verb)(*arguments)
        if at is not None:
            session.player.scrub(at)
        if client is not None:
            session.follow(client)
        self.settle()

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
