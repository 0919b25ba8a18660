"""One client more: its data from Python, drawn strokes as pixels, and what joining may change."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import fedplay as fp
from fedplay.data import with_client
from fedplay.engine.client_models import personal_accuracy
from fedplay.engine.loop import Run, federation_of, stream
from fedplay.runs.given import Party, data_of
from fedplay.runs.given import counted as with_one_more
from fedplay.runs.recording import Recording, identity
from fedplay.views.my_client.analysis import receive
from fedplay.views.my_client.ink import BLOCK, bitmap, counted, fitted

EXP = fp.Experiment(rounds=4, clients=6)


@pytest.fixture(scope="module")
def digits():
    return federation_of(EXP)


@pytest.fixture(scope="module")
def joined(digits):
    return digits.with_client(digits.X_test[:12], digits.y_test[:12])


def test_the_newcomer_is_the_last_client_and_leaves_the_others_alone(digits, joined):
    assert joined.clients == digits.clients + 1
    assert joined.client_name(6) == "you"
    assert joined.client_name(5) == digits.client_name(5)
    for k in range(digits.clients):
        assert np.array_equal(joined.train.of(k), digits.train.of(k))
        assert np.array_equal(joined.held.of(k), digits.held.of(k))
    mine = np.sort(np.concatenate([joined.train.of(6), joined.held.of(6)]))
    assert np.array_equal(joined.X[mine], digits.X_test[:12])
    assert np.array_equal(joined.y[mine], digits.y_test[:12])
    assert len(joined.held.of(6)) == 2, "a fifth, rounded"
    assert np.array_equal(joined.X_test, digits.X_test)
    assert joined.digest != digits.digest
    with pytest.raises(IndexError):
        joined.train.of(7)


@pytest.mark.parametrize(("n", "held"), [(1, 0), (2, 0), (3, 1), (7, 1), (8, 2), (200, 40)])
def test_how_many_it_holds_out(digits, n, held):
    rows = np.arange(n) % len(digits.y_test)
    more = with_client(digits, digits.X_test[rows], digits.y_test[rows])
    assert (more.train.of(6).size, more.held.of(6).size) == (n - held, held)


def test_classes_by_number_or_by_name_and_a_second_guest():
    moons = federation_of(fp.Experiment(data="moons"))
    first = moons.with_client([[0, 0]] * 3, ["lower moon", 1, 0], name="Ada")
    assert first.y[-3:].tolist() == [1, 1, 0]
    second = first.with_client([[1, 0]] * 3, [0, 0, 1], name="Emmy")
    assert [second.client_name(k) for k in (9, 10, 11)] == ["client 9", "Ada", "Emmy"]
    assert fp.run(fp.Experiment(data="moons", rounds=2), second).client_accuracy.shape == (3, 12)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[0.0] * 5] * 3, [0] * 3, "X: must have 64 columns, as the federation has, not 5"),
        ([[np.nan] * 64] * 3, [0] * 3, "X: row 0, column 0 is nan, not finite"),
        ([[np.inf] * 64] * 3, [0] * 3, "X: row 0, column 0 is inf, not finite"),
        ([[0.0] * 64] * 3, [0, 1, 10], "y: 10 is no class"),
        ([[0.0] * 64] * 3, [0, 1, -1], "y: -1 is no class"),
        ([[0.0] * 64] * 3, [0, 1, 0.5], "y: 0.5 is no class"),
        ([[0.0] * 64] * 3, [0, 1, True], "y: True is no class"),
        ([[0.0] * 64] * 3, [0, 1, np.inf], "y: inf is no class"),
        ([[0.0] * 64] * 3, ["0", "1", "ten"], "y: 'ten' is no class"),
        ([[0.0] * 64] * 3, [0, 1], "y: must have 3 entries"),
        (np.zeros((201, 64)), [0] * 201, "X: must have 1 to 200 examples, not 201"),
        (np.zeros((0, 64)), [], "X: must have 1 to 200 examples, not 0"),
        ("nonsense", [0], "X: must be numbers"),
    ],
)
def test_what_cannot_join_is_named(digits, X, y, words):
    with pytest.raises(ValueError, match="^" + words.replace("(", r"\(")):
        digits.with_client(X, y)


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, 7, None])
def test_its_name(digits, name):
    with pytest.raises(ValueError, match=r"^name="):
        digits.with_client([[0.0] * 64], [0], name=name)


def test_a_guest_is_judged_even_where_a_panel_stands_for_many():
    many = fp.Experiment(data="moons", partition="resampled", clients=1000, participation=0.01)
    fed = federation_of(many)
    fed = fed.with_client(fed.X_test[:5], fed.y_test[:5])
    run = Run(many, fed)
    assert run.panel[-1] == 1000
    assert np.array_equal(run.panel[:-1], Run(many).panel)


def test_before_training_nobody_else_sees_a_difference(digits, joined):
    alone, together = fp.run(EXP), fp.run(EXP, joined)
    assert np.array_equal(alone.client_accuracy[0], together.client_accuracy[0, :-1])
    assert alone.accuracy[0] == together.accuracy[0]
    assert not np.array_equal(alone.loss[1:], together.loss[1:])


# --- what models make of its examples


def test_three_models_are_judged_as_the_engine_judges_them(joined):
    run = Run(EXP, joined)
    rounds = list(stream(run))
    *_, found = receive(run, 4, rounds[-1].parameters)
    here, own, lonely = found.models
    of = found.held.sum()
    assert here.own / of == rounds[-1].client_accuracy[-1]
    assert own.own / of == personal_accuracy(run, rounds[-1])[-1]
    whole = fp.run(EXP, joined)
    assert lonely.own / of == whole.local_accuracy[-1]
    assert here.tests == rounds[-1].accuracy
    assert found.attended == sum(6 in r.cohort for r in rounds[1:])
    assert found.place == 6
    chances = found.chances(joined.X_test[:3])
    assert np.allclose(chances.sum(axis=1), 1)


def test_before_it_has_joined_there_is_the_global_model_alone():
    run = Run(EXP)
    *_, first = itertools.islice(stream(run), 1)
    *_, found = receive(run, 0, first.parameters)
    assert found.models is None
    assert found.plane is None
    broken = np.full_like(first.parameters, np.nan)
    *_, found = receive(run, 0, broken)
    assert found.chances(run.federation.X_test[:1]) is None


def test_runs_with_a_guest_and_without_are_never_confused(digits):
    X, y = digits.X_test[:3], digits.y_test[:3]
    party = Party(X, y, "you", None)
    other = Party(X, y[::-1].copy(), "you", None)
    keys = [identity(EXP, given) for given in (None, party, other)]
    assert len(set(keys)) == 3
    assert identity(EXP, Party(X.copy(), y.copy(), "you", None)) == keys[1]
    recording = Recording(EXP, party)
    while not recording.complete:
        recording.advance()
    assert np.array_equal(recording.clients, fp.run(EXP, party.of(EXP)).client_accuracy)
    assert recording.counted.clients == 7 == with_one_more(party, EXP).clients
    assert party.of(EXP) is party.of(EXP) is data_of(party, EXP)
    assert party.made(party.of(EXP))
    assert not party.made(digits)
    assert recording.until(2).client_accuracy.shape == (3, 7), "its model is computed once more"


# --- strokes


def test_ink_is_counted_in_blocks():
    dot = bitmap([((0.5, 0.5),)], (8, 8))
    assert dot.shape == (32, 32)
    counts = BLOCK**2 * counted(dot)
    assert counts.sum() == dot.sum() > 12
    assert counts[3:5, 3:5].sum() == counts.sum(), "the four blocks around the middle"
    line = bitmap([((0.0, 0.5), (1.0, 0.5))], (8, 8))
    assert line[:, 16].sum() in (4, 5, 6)
    assert line.any(axis=0).all()
    assert not bitmap([], (8, 8)).any()


def test_a_stroke_is_the_same_in_one_piece_or_in_many():
    points = [(0.1, 0.1), (0.5, 0.9), (0.9, 0.2)]
    parts = [tuple(points[:2]), tuple(points[1:])]
    assert np.array_equal(bitmap([tuple(points)], (8, 8)), bitmap(parts, (8, 8)))


def test_a_drawing_fills_its_frame_whatever_its_size_and_place():
    small = (((0.1, 0.1), (0.25, 0.1), (0.15, 0.4)),)
    large = tuple(tuple((0.2 + 2 * x, 2 * y) for x, y in stroke) for stroke in small)
    ink = bitmap(fitted(small, (8, 8)), (8, 8))
    assert np.array_equal(ink, bitmap(fitted(large, (8, 8)), (8, 8)))
    assert ink[:2].any(), "from top"
    assert ink[-2:].any(), "to bottom"
    left, right = np.flatnonzero(ink.any(axis=0))[[0, -1]]
    assert abs(left - (31 - right)) <= 1, "in the middle"


def test_a_dot_stays_a_dot():
    dot = (((0.02, 0.98),),)
    assert bitmap(fitted(dot, (8, 8)), (8, 8)).sum() <= 25
    assert fitted((), (8, 8)) == ()
