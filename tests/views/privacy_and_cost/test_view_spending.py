"""Privacy and cost: every number against the accountant, a simulated draw, or the rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import LIGHT
from fedplay.engine import run
from fedplay.engine.loop import Run
from fedplay.experiment import Experiment
from fedplay.inspect.protection import gaussian_length, slack, update_protection
from fedplay.stages.base import Algorithm
from fedplay.stages.footprint import footprint
from fedplay.views.privacy_and_cost.view import Spending
from fedplay.views.scene import to_round
from fedplay.words import size
from tests.support.scenes import scene

NOISY = Experiment(
    rounds=12, clients=8, participation=0.6, noise_multiplier=1.5, clip=0.3, delta=0.01
)


@pytest.fixture(scope="module")
def noisy():
    return scene(NOISY, late=False, at=7)


@pytest.fixture(scope="module")
def plain():
    return scene(Experiment(rounds=5, clients=4), late=False)


def at_size(width=900, height=230, look=LIGHT, ratio=1.0):
    return Spending(Canvas(width, height, ratio, look.paper), Box(0, 0, width, height), look)


def pixel(view, axes, x, y):
    a, b = axes.transData.transform((x, y))
    return a, view.canvas.height - b


def test_the_length_of_the_noise_is_that_of_draws():
    prepared = Run(NOISY)
    (layer,) = prepared.layers
    P = len(prepared.initial())
    zeros = np.zeros(P)
    drawn = [np.linalg.norm(layer.server(zeros, prepared.cohort(r))) for r in range(1, 201)]
    told = update_protection(prepared.exp, P).noise
    assert np.mean(drawn) == pytest.approx(told, rel=0.01)
    # By the formula: z·S / (q·N) on every coordinate.
    expected = prepared.schedule.expected(8)
    assert told == pytest.approx(1.5 * 0.3 / expected * np.sqrt(P), rel=1e-3)


def test_the_length_of_the_noise_holds_for_few_numbers():
    drawn = np.linalg.norm(np.random.default_rng(0).normal(size=(200_000, 2)), axis=1)
    assert gaussian_length(2) == pytest.approx(drawn.mean(), rel=0.01)


@dataclass(frozen=True)
class Twice(Algorithm):
    """Sends its update and its negative, as SCAFFOLD would send two vectors."""

    def message(self, w0, wk, own, server, c):
        return np.hstack([wk - w0, w0 - wk]), own

    def absorb(self, w, server, m, step, c):
        return step(w, m[: len(w)]), server


@pytest.mark.parametrize("algorithm", ["fedavg", Twice()])
def test_a_message_is_as_long_as_what_is_sent(algorithm):
    exp = Experiment(rounds=1, clients=3, algorithm=algorithm)
    history = run(exp)
    P = len(history.parameters)
    sent = history.bytes_up[-1] / len(history.cohort[1]) / history.parameters.itemsize
    assert footprint(exp.stage("algorithm"), P).up == sent


def test_epsilon_is_the_accountants_of_every_round(noisy):
    view = at_size()
    view.show(noisy)
    spent = [r.epsilon for r in noisy.rounds]
    np.testing.assert_allclose(view.ahead.get_ydata(), spent)
    np.testing.assert_allclose(view.spent.get_ydata(), spent[:8])
    np.testing.assert_allclose(view.dots[0].get_xydata(), [(7, spent[7])])
    assert view.details[0].get_text() == "ε, at δ = 0.01"
    # Known beforehand, even where the rounds are still to come.
    view.show(replace(noisy, rounds=noisy.rounds[:3], at=2))
    np.testing.assert_allclose(view.ahead.get_ydata(), spent)


def test_lengths_and_bytes_are_those_of_the_rounds(noisy):
    view = at_size()
    view.show(noisy)
    for number, r in enumerate(noisy.rounds):
        drawn = view.update.get_ydata()[number], view.step.get_ydata()[number]
        if number and len(r.cohort):
            np.testing.assert_allclose(drawn, (r.update_norm.mean(), r.step_norm))
        else:
            assert np.isnan(drawn[0])
        assert view.up.get_ydata()[number] == r.bytes_up
        assert view.down.get_ydata()[number] == r.bytes_down
    P = len(noisy.now.parameters)
    assert view.fog.get_height() == update_protection(noisy.exp, P).noise
    assert set(view.clip.get_ydata()) == {0.3}


def test_rounds_that_arrive_are_added_and_a_new_run_begins_anew(noisy, plain):
    view = at_size()
    view.show(replace(noisy, rounds=noisy.rounds[:4], at=3))
    view.show(noisy)
    whole = at_size()
    whole.show(noisy)
    np.testing.assert_array_equal(view.update.get_ydata(), whole.update.get_ydata())
    assert len(view.rows) == 13
    view.show(plain)
    assert len(view.rows) == 6
    np.testing.assert_allclose(view.update.get_ydata()[1], plain.rounds[1].update_norm.mean())


def test_the_sentence_has_the_rounds_own_numbers(noisy):
    text, now = Spending.sentence(noisy), noisy.now
    clipped = int((now.update_norm > 0.3).sum())
    assert clipped > 0
    noise = update_protection(noisy.exp, len(now.parameters)).noise
    ratio = noise / np.minimum(now.update_norm, 0.3).mean()
    assert text.startswith("After round 7: ε = <b>")
    assert f"<b>{now.epsilon:.3g}</b> at δ = 0.01." in text
    assert f"The noise is <b>{ratio:.2g}</b> times as long as the average update after" in text
    assert f"{clipped} of {len(now.cohort)} updates" in text
    assert "to S = 0.3." in text
    assert (
        f"Clients have sent <b>{now.bytes_up / 1000:.3g} kB</b> in {now.messages_up} messages."
        in text
    )


def test_without_noise_nothing_is_promised(plain, noisy):
    view = at_size()
    view.show(plain)
    assert view.empty[0].get_text() == "ε = ∞"
    assert "Privacy noise" in view.empty[1].get_text()
    assert not len(view.spent.get_xdata())
    assert not len(view.clip.get_xdata())
    assert view.fog.get_height() == 0
    text = Spending.sentence(plain)
    assert "ε = <b>∞</b>" in text
    assert "clipped" not in text
    assert "The noise" not in text
    assert "◉" not in text, "a server sees updates that nobody clips"
    view.show(noisy)
    assert view.empty[0].get_text() == ""


def test_clipping_alone_is_no_guarantee():
    shown = scene(Experiment(rounds=3, clients=4, clip=0.01), late=False)
    text = Spending.sentence(shown)
    assert "4 of 4 updates were clipped to S = 0.01." in text
    assert "∞" in text


def test_what_is_named_in_the_charts(noisy):
    view = at_size()
    view.show(noisy)
    names = [name.words for name in (*view.stamps, *view.arrows) if name.get_visible()]
    assert names == ["update ◉", "followed", "noise", "S = 0.3", "↑ ↓"]


def test_bytes_of_a_client_and_round_stand_above(plain):
    view = at_size()
    view.show(plain)
    kilo = len(plain.now.parameters) * 4 / 1000
    assert f"↑ {kilo:.3g} kB" in view.details[2].get_text()


def test_what_clients_send_is_not_taken_for_what_they_get():
    shown = scene(Experiment(rounds=2, clients=3, algorithm=Twice()), late=False)
    view = at_size()
    view.show(shown)
    assert view.up.get_ydata()[-1] == shown.now.bytes_up == 2 * view.down.get_ydata()[-1]
    assert [arrow.words for arrow in view.arrows if arrow.get_visible()] == ["↑", "↓"]


def test_a_round_is_found_in_each_chart(noisy):
    view = at_size()
    assert view.at(100, 100) is None
    view.show(noisy)
    for axes in view.charts:
        hit = view.at(*pixel(view, axes, 5, axes.get_ylim()[1] / 2))
        assert (hit.click, hit.cursor) == (to_round(5), "ew-resize")
        assert hit.lines[0] == "round 5"
        assert f"ε = {noisy.rounds[5].epsilon:.3g} at δ = 0.01" in hit.lines
    view.show(replace(noisy, rounds=noisy.rounds[:3], at=2))
    assert view.at(*pixel(view, view.charts[1], 5, 0.01)) is None
    assert view.at(2, 2) is None


def test_axes_stand_still_while_a_run_is_computed(plain):
    view = at_size()
    seen = set()
    for n in range(2, len(plain.rounds) + 1):
        view.show(replace(plain, rounds=plain.rounds[:n], at=n - 1))
        seen.add((view.charts[2].get_ylim(), view.charts[0].get_xlim()))
    assert len(seen) == 1


@pytest.mark.parametrize("size", [(900, 230), (900, 520), (640, 200)])
def test_words_above_the_charts_are_apart(noisy, plain, size):
    view = at_size(*size)
    for shown in (noisy, plain, replace(plain, at=0, rounds=plain.rounds[:1])):
        view.show(shown)
        view.canvas.frame()
        renderer = view.canvas.agg.get_renderer()
        first, second, _ = (text.get_window_extent(renderer) for text in view.details)
        assert first.x1 < second.x0


def test_rounds_without_anyone_and_runs_that_diverge_are_drawn(noisy):
    shown = scene(
        Experiment(rounds=6, clients=2, participation=0.2, noise_multiplier=1.0), late=False
    )
    empty = [r.number for r in shown.rounds[1:] if not len(r.cohort)]
    assert empty
    view = at_size()
    view.show(replace(shown, at=empty[0]))
    view.canvas.frame()
    assert np.isnan(view.update.get_ydata()[empty[0]])
    assert np.isfinite(view.step.get_ydata()[empty[0]])
    text = Spending.sentence(replace(shown, at=empty[0]))
    assert "No client took part: the server followed noise alone." in text
    lost = [
        r if r.number < 4 else r._replace(update_norm=r.update_norm * np.nan, step_norm=np.nan)
        for r in noisy.rounds
    ]
    lost[3] = lost[3]._replace(step_norm=1e30)
    view.show(replace(noisy, rounds=lost, at=12))
    view.canvas.frame()
    assert view.charts[1].get_ylim()[1] < 1000
    assert "nan" not in Spending.sentence(replace(noisy, rounds=lost, at=12))


def test_delta_is_told_only_where_there_is_noise():
    assert slack(Experiment()) is None
    assert slack(Experiment(clip=0.5)) is None
    assert slack(NOISY) == 0.01
    assert slack(Experiment(clients=20, noise_multiplier=1.0)) == pytest.approx(0.1 / 20)
    assert update_protection(Experiment(clip=0.5), 650).slack is None
    assert update_protection(NOISY, 650).slack == 0.01


def test_the_noise_of_a_shared_body_is_as_long_as_the_body():
    shared = scene(NOISY.replace(algorithm="fedper", model="mlp", rounds=2), late=False)
    view = at_size()
    view.show(shared)
    body = 64 * 65  # weights and biases of the hidden layer; the head is never sent
    deviation = 1.5 * 0.3 / round(0.6 * 8, 9)
    draws = np.random.default_rng(0).normal(0, deviation, (200, body))
    drawn = np.linalg.norm(draws, axis=1).mean()
    assert view.fog.get_height() == pytest.approx(drawn, rel=0.005)


def test_messages_are_counted_beside_bytes_and_pooled_training_sends_nothing(plain):
    said = Spending.sentence(plain)
    assert said.endswith(f"Clients have sent <b>{size(plain.now.bytes_up)}</b> in 20 messages.")
    pooled = scene(Experiment(clients=5, rounds=2, algorithm="centralised"), late=False)
    assert Spending.sentence(pooled).endswith("Nothing is sent: all data lie in one place.")
    view = at_size()
    view.show(pooled)
    assert view.canvas.frame().size
