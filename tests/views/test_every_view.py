"""Every view, whatever is run, is drawn and pointed at everywhere; so is an older close-up that
passes for the newest one for a moment."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import matplotlib
import pytest

import fedplay as fp
from fedplay.cost import estimate
from fedplay.engine.loop import Run
from fedplay.registry import SLOTS
from fedplay.scopes import calmed
from fedplay.views.board import seen_by
from fedplay.views.registered import VIEWS, suitable
from tests.support.effort import tries
from tests.support.scenes import scene
from tests.support.virtual import virtual

matplotlib.use("agg")
# One after the other they have more and fewer clients, classes, inputs, parts and rounds.
KINDS = [
    fp.Experiment(rounds=2, clients=3),
    fp.Experiment(rounds=1, clients=24, alpha=1, algorithm="fedper", model="mlp"),
    fp.Experiment(rounds=1, clients=60, partition="resampled", participation=0.1),
    fp.Experiment(rounds=2, clients=5, data="blobs", centers=6),
    fp.Experiment(rounds=3, clients=4, data="moons", model="mlp"),
    fp.Experiment(rounds=2, clients=6, algorithm="ifca"),
    fp.Experiment(rounds=1, data="writers", partition="natural"),
    fp.Experiment(rounds=2, clients=4, data="quadratics", model="quadratic", dimensions=2),
    fp.Experiment(rounds=3, clients=5, data="quadratics", model="quadratic", dimensions=1),
]
# What is said before a guess, and while what is to be shown is computed.
WAITING = {
    "clients": (
        "How each client fares is shown after your guess.",
        "Three models for every client are being judged …",
    ),
    "client_table": (
        "How each client fares is shown after your guess.",
        "Three models for every client are being judged …",
    ),
    "confusion": (
        "What the models confuse is shown after your guess.",
        "Both models are being judged …",
    ),
    "inside": (
        "The round is shown after your guess.",
        "The round is being computed step by step …",
    ),
    "drift": ("The way is shown after your guess.", "The way is being computed step by step …"),
    "boundary": ("", "What the models say of the plane is being computed …"),
    "pictures": ("", "Being computed …"),
    "models": ("Shown after your guess.", "The personal models are being computed …"),
    "mine": ("", "What you draw on is being made …"),
}
PREPARED = [name for name, view in VIEWS.items() if view.prepares]


def tour(name):
    """The experiments of which a view has something to show, there and back again."""
    there = [e for e in KINDS if suitable([name], e, Run(e).federation)]
    assert len(there) >= 2
    return [*there, *there[-2::-1]]


@calmed  # as whatever the page asks for
def point_everywhere(board, clients):
    """Whatever is hit, and whoever stands out: it is one of these clients."""
    width, height, _ = board.size
    for x, y in product(range(4, width, 24), range(4, height, 24)):
        hit = board.at(x, y)
        if hit is not None and hit.client is not None:
            assert 0 <= hit.client < clients
    for client in (clients - 1, None):
        board.light(client)
        board.frame()


def test_what_is_said_while_there_is_nothing_to_show():
    assert [*WAITING] == PREPARED
    shown = scene(KINDS[0])
    for name, said in WAITING.items():
        nothing = replace(shown, closeup=None, fresh=False)
        found = (VIEWS[name].sentence(s) for s in (replace(nothing, veiled=True), nothing))
        assert tuple(found) == said


@pytest.mark.parametrize("name", PREPARED)
def test_an_older_closeup_is_drawn_said_and_pointed_at_with_what_it_is_of(name):
    first, *others = tour(name)
    with virtual() as time:
        p = fp.Playground(first)
        p.view(name)
        player, session, seen = p.player, p.session, set()
        for exp in others:
            p.settle()
            p.follow(len(player.facts().panel) - 1)
            p.settle()
            point_everywhere(p.screen.board, len(player.facts().panel))
            before = player.shown.exp
            session.store.restore(exp)
            while player.shown is not player.recording or not player.near.done(
                player.shown, player.at
            ):
                player.work(0)  # one piece
                session.settle_view()
                scene = session.scene()
                time.pass_by(0.2)  # as long as it passes; after that it is grey
                shown = seen_by(VIEWS[name], scene)
                if shown is not scene:
                    assert shown.exp == before
                if (exp, shown is scene, shown.fresh) not in seen:
                    seen.add((exp, shown is scene, shown.fresh))
                    p.event_loop.draw()
                    p.event_loop._write()
                    point_everywhere(p.screen.board, len(scene.panel))
        p.close()
    if name != "mine":  # there it is asked whether it is of the guest
        assert {exp for exp, newest, _ in seen if not newest} == set(others)
        assert {fresh for _, newest, fresh in seen if not newest} == {True, False}


def at_random(dice):
    """An experiment of some of everything that there is."""
    while True:
        slots = dice.sample([slot for slot in SLOTS if slot != "channel"], 4)
        chosen = {slot: dice.choice([n for n in SLOTS[slot] if n != "arrays"]) for slot in slots}
        chosen |= {"rounds": dice.randrange(1, 4), "clients": dice.choice([1, 2, 3, 7, 12, 30])}
        try:
            exp = fp.Experiment(**chosen)
            estimate(exp).check()
            Run(exp)
        except ValueError:  # these do not go together
            continue
        return exp


@pytest.mark.parametrize("seed", range(tries(50, 2)))
def test_whatever_is_run_every_view_is_drawn_and_pointed_at(seed):
    dice = random.Random(seed)
    with virtual():
        p = fp.Playground()
        for _ in range(6):
            exp = at_random(dice)
            p.open(exp)
            p.settle()
            assert p.player.shown.exp == exp
            clients = len(p.player.facts().panel)
            for name in p.session.tabs():
                p.view(name)
                if dice.random() < 0.5:
                    p.follow(dice.randrange(clients))
                p.scrub(dice.randrange(exp.rounds + 1))
                if name == "inside":
                    p.inside(dice.uniform(0, 4))
                p.settle()
                assert p.player.near.trouble is None
                point_everywhere(p.screen.board, clients)
            if p.session.guessable:
                p.guess()
                p.settle()
                point_everywhere(p.screen.board, clients)
                p.reveal()
        assert not p.errors
        p.close()
