"""State of the view Federation: classes are taken from clients and given back."""

from __future__ import annotations

from typing import Any, ClassVar

from fedplay.arguments import number, whole, word
from fedplay.data.partitions.class_table import EQUAL, ClassTable
from fedplay.knobs import knobs_of
from fedplay.views.labels.analysis import fixed, present
from fedplay.views.scene import Intent
from fedplay.views.state import State

Cell = tuple[int, int]  # the place of a client, and a class

MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


class DealState(State):
    """Which class of which client the keys are at."""

    verbs: ClassVar[tuple[str, ...]] = ("deal", "aim")
    cell: Cell | None = None

    def deal(self, client: int, label: int | str, share: float | None = None) -> None:
        """Change what a client takes of a class; the partition is "table" from then on.

        label: the class, by its number or its name
        share: 0 for none of its examples, 1 for an equal share; without it, a class that the
               client has is taken from it, and one that it does not have is given

        The clients that still take the class have all its examples. ValueError where the client
        would be left without an example, and for data that are not dealt out.
        """
        exp = self.desk.experiment
        if self.desk.federation is not None or fixed(exp):
            raise ValueError(fixed(exp))
        client, now = whole("client", client, 0, exp.clients - 1), present(exp)
        if isinstance(label, str):
            label = now.classes.index(word("label", label, now.classes))
        label = whole("label", label, 0, len(now.classes) - 1)
        if share is None:
            share = 0.0 if now.shares[client, label] > 0 else EQUAL
        most = knobs_of(ClassTable)["table"].hi
        table = now.with_one(client, label, number("share", share, 0, most))
        wanted = exp.replace(partition="table", table=table)
        self.desk.check(wanted)
        present(wanted)  # a client without an example is refused here, and the picture stays
        self.desk.set(partition="table", table=table)

    def aim(self, client: int | None = None, label: int = 0) -> None:
        """Let the keys point at a class of the client at a place; at none without a client."""
        if client is None:
            self.cell = None
        else:
            shown, C = self.desk.player.facts().labels, len(self.desk.player.facts().labels.classes)
            place = whole("client", client, 0, len(shown.ids) - 1)
            self.cell = place, whole("label", label, 0, C - 1)
        self.desk.touch()

    def on_key(self, key: str, view: Any) -> Intent | None:
        """Enter points at a class; then arrows move, Enter and Space change it, Escape ends it."""
        scene = view.scene
        if scene is None or fixed(scene.exp):
            return None
        K, C = scene.labels.counts.shape
        if self.cell is None:
            first = scene.client if scene.client is not None and scene.client < K else 0
            return Intent("aim", (first, 0)) if key == "Enter" else None
        place, label = min(self.cell[0], K - 1), min(self.cell[1], C - 1)
        if key in MOVES:
            across, up = MOVES[key]
            return Intent("aim", ((place + across) % K, (label + up) % C))
        if key in ("Enter", " "):
            return Intent("deal", (int(scene.labels.ids[place]), label))
        return Intent("aim") if key == "Escape" else None

    @property
    def shown(self) -> Cell | None:
        return self.cell
