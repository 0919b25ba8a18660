"""`RunState`: whether a run has come to anything, decided from its curves alone.

A curve that stays at chance looks like any other to whoever does not know where chance is, and a
table of such runs compares nothing. So each curve says what state it ends in. The rules are slow
to complain: each asks for more than one round, and for more than the noise of the rounds or a
small test set can do by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fedplay.engine.evaluate import mean_of
from fedplay.engine.round import Round
from fedplay.experiment import Experiment
from fedplay.stages.base import Array
from fedplay.stages.called import own_only
from fedplay.words import percent

DIVERGED = 10.0  # so many times the loss of a model that knows nothing
PART = 5  # the end of a run is its last fifth, and is held against the fifth before
ROUNDS = 4  # trained rounds, below which no slope can be told from noise
SIGMAS = 2.0  # standard deviations that chance is given
NEAR = 0.2  # of the way from a constant answer to no error: no margin reaches farther
RISE = 0.05  # of all that was gained, between two fifths: so much still comes
STEADY = 0.15  # likewise of a loss that falls about as fast as ever: a fifth would be a line
FEW = 2  # test examples, which are no rise either
LEAST = 0.01  # of accuracy, below which no rise and no difference is worth a word


@dataclass(frozen=True)
class RunState:
    """What a run has come to.

    name:     beside a curve, in tables and files
    sentence: for people, with the numbers it was decided by; "" where there is nothing to say
    """

    name: str
    sentence: str = ""

    @property
    def mark(self) -> str:
        """What is written beside a curve's name; "" where there is nothing to say."""
        return self.name if self.sentence else ""

    @property
    def broken(self) -> bool:
        """Whether its numbers must not be taken for what the method can do."""
        return self.name in BROKEN


FINE = RunState("fine")
UNJUDGED = RunState("not judged")  # no test set, or too few rounds
DIVERGES, CHANCE, UNLEARNT, LEARNING, WORSE, ALONE = (
    "diverged",
    "at chance",
    "not yet learnt",
    "still learning",
    "worsened",
    "below alone",
)
BROKEN = (DIVERGES, CHANCE, UNLEARNT, WORSE)


def has_diverged(loss: Array | float, start: float) -> Array:
    """Whether a loss (or each of several) is not finite, or DIVERGED times that at the start."""
    return np.isfinite(start) & ~(np.asarray(loss) <= DIVERGED * start)


def diverged_in(loss: Array) -> int | None:
    """The first round after which a run of losses (n,) has diverged; None where it has not."""
    bad = np.flatnonzero(has_diverged(loss, loss[0]))
    return int(bad[0]) if len(bad) else None


def state_of(accuracy: Array, loss: Array, tests: Array, recall: Array) -> RunState:
    """The state that a run ends in, by its global model on the test set. R rounds, C classes.

    accuracy: (R + 1,); NaN throughout for a model that has none, which is judged by its loss
    loss:     (R + 1,)
    tests:    (C,) test examples of each class; empty where they are not known
    recall:   (R + 1, C) accuracy on each class, NaN for one without examples; (R + 1, 0) likewise
    """
    if (gone := diverged_in(loss)) is not None:
        return RunState(DIVERGES, diverged_words(float(loss[gone]), gone))
    if len(loss) < 2 or not math.isfinite(loss[0]):
        return UNJUDGED
    if np.isnan(accuracy).all():
        return _of_losses(loss)
    if not np.isfinite(accuracy).all():
        return UNJUDGED
    known = len(tests) and recall.shape[1] == len(tests) and tests.sum() > 0
    if known and _at_chance(accuracy, tests, recall):
        return _unlearnt(loss, tests)
    if known and _falls_below(accuracy, int(tests.sum())):
        before = f"before any training it got {percent(float(accuracy[0]), 1)} right"
        return RunState(WORSE, f"Worsened: {before}.")
    return _rising(accuracy, loss, tests)


def state_of_run(
    exp: Experiment, accuracy: Array, loss: Array, tests: Array, recall: Array, own: Array | None
) -> RunState:
    """The state of a run by the model that its clients use: see `state_of`.

    own: (R + 1, N) accuracies of models of the clients' own, where they are learnt along
    """
    if own is None or not own_only(exp.stage("algorithm")):
        return state_of(accuracy, loss, tests, recall)
    # What is shared is no model by itself, so neither its accuracy nor its loss tells anything but
    # whether its numbers have run away.
    still = np.where(has_diverged(loss, loss[0]), loss, loss[0])
    return state_of(mean_of(own), still, tests[:0], recall[:, :0])


def state_of_rounds(exp: Experiment, rounds: Sequence[Round], tests: Array) -> RunState:
    """The same of the rounds of a whole run."""
    return state_of_run(
        exp,
        np.array([r.accuracy for r in rounds]),
        np.array([r.loss for r in rounds]),
        tests,
        np.array([r.class_accuracy for r in rounds]),
        None if rounds[0].personal is None else np.array([r.personal for r in rounds]),
    )


def diverged_words(loss: float, gone: int) -> str:
    """That a run diverged, in which round and, by its loss then, how it is known."""
    why = "the loss is no longer a finite number"
    if math.isfinite(loss):
        why = f"the loss passed {DIVERGED:g} times what it was before training"
    return f"Diverged in round {gone}: {why}."


def below_alone(own: Array, alone: Array) -> RunState:
    """Whether clients' models end below those that the same clients would have made alone.

    own, alone: (N,) accuracies, each on what its client holds out, NaN for a client that is not to
    be judged. It is said where the mean difference is beyond what clients differ by (two standard
    errors), and more than two hundredths.
    """
    less = (alone - own)[np.isfinite(alone) & np.isfinite(own)]
    if len(less) < 3:
        return UNJUDGED
    if less.mean() <= max(2 * LEAST, SIGMAS * less.std(ddof=1) / math.sqrt(len(less))):
        return FINE
    more = f"{100 * less.mean():.2g} percentage points more"
    return RunState(
        ALONE, f"Below alone: a client that trains without the others gets {more} right."
    )


# --- the rules ----------------------------------------------------------------------------------


def _fifth(curve: Array) -> int:
    """How many rounds are the end of a curve (R + 1,)."""
    return max(1, (len(curve) - 1) // PART)


def constant(tests: Array) -> float:
    """The accuracy of the best model that always gives the same answer.

    >>> constant(np.array([30, 10]))
    0.75
    """
    return float(tests.max() / tests.sum())


def _limit(expected: float, deviation: float) -> float:
    """Up to where a score that should be `expected` may be a matter of luck.

    The margin never takes more than a part of the way to no error: of six examples all could be
    right by luck, and yet a model that has all of them right is not to be called a guess.
    """
    return expected + min(SIGMAS * deviation, NEAR * (1 - expected))


def _at_chance(accuracy: Array, tests: Array, recall: Array) -> bool:
    """Whether the end is no better than one answer for everything.

    The best such answer gets the share p of the largest class right, and answers that have nothing
    to do with the examples get no more on average, with a binomial standard deviation of
    sqrt(p (1 - p) / T) on T examples. Where one class has nearly all examples a good model is
    hardly better than that either; but answers that have nothing to do with the examples add up to
    one over the classes' recalls, so the mean recall must be near one part in C too. Both are
    asked of the end's mean and of the last round.
    """
    there = tests > 0
    T, p, C = int(tests.sum()), constant(tests), int(there.sum())
    if C < 2:
        return False
    end = accuracy[-_fifth(accuracy) :]
    best = max(float(end.mean()), float(end[-1]))
    # Of the recalls' mean, where each answer is as likely: then it is largest.
    spread = math.sqrt(float((1 / tests[there]).sum()) * (1 / C) * (1 - 1 / C)) / C
    balanced = recall[-_fifth(accuracy) :, there].mean(axis=1)
    recalled = max(float(balanced.mean()), float(balanced[-1]))
    return best <= _limit(p, math.sqrt(p * (1 - p) / T)) and recalled <= _limit(1 / C, spread)


def _unlearnt(loss: Array, tests: Array) -> RunState:
    """At chance: for good, or as it has not come far yet. The loss tells, where it still falls."""
    beside = f"always giving the same answer gets {percent(constant(tests), 1)} right"
    early = len(loss) - 1 < ROUNDS
    if early or (loss[-1] < loss[0] and _clear_rise(-loss, RISE)):
        more = "Take more rounds or a higher learning rate."
        return RunState(UNLEARNT, f"Not yet learnt: {beside}. {more}")
    return RunState(CHANCE, f"At chance: {beside}.")


def _falls_below(accuracy: Array, T: int) -> bool:
    """Whether the end lies below the untrained model by more than T examples leave to luck."""
    start, end = float(accuracy[0]), accuracy[-_fifth(accuracy) :]
    margin = max(LEAST, SIGMAS * math.sqrt(start * (1 - start) / T))
    return max(float(end.mean()), float(end[-1])) < start - margin


def _of_losses(loss: Array) -> RunState:
    """The state of a model that has no accuracy; what loss it could come to is not known."""
    end = loss[-_fifth(loss) :]
    if min(float(end.mean()), float(end[-1])) > loss[0] * (1 + LEAST):
        return RunState(WORSE, f"Worsened: before any training the loss was {loss[0]:.3g}.")
    if len(loss) - 1 < ROUNDS:
        return UNJUDGED
    if _clear_rise(-loss, RISE):
        return RunState(LEARNING, "Still learning: more rounds would lower the loss further.")
    return FINE


def _rising(accuracy: Array, loss: Array, tests: Array) -> RunState:
    """Whether a curve that has learnt something would go on.

    The accuracy says so, or the loss, which jumps less: where it falls between the last two fifths
    by about as much as in any other, learning has hardly slowed down.
    """
    if len(accuracy) - 1 < ROUNDS:
        return UNJUDGED
    few = FEW / tests.sum() if len(tests) and tests.sum() else 0.0
    steady = accuracy[-1] < 1 - NEAR and _clear_rise(-loss, STEADY)
    if not steady and not _clear_rise(accuracy, RISE, max(LEAST, few)):
        return FINE
    return RunState(
        LEARNING,
        "Still learning: more rounds or a higher learning rate may help.",
    )


def _clear_rise(curve: Array, part: float, least: float = 0.0) -> bool:
    """Whether the last fifth of a curve (R + 1,) lies above the fifth before it.

    By a part of all that was gained since the start, by `least`, and by more than the two means
    differ where rounds only jump about. How far they jump is read from second differences, which a
    trend leaves alone: of white noise σ their standard deviation is sqrt(6) σ.
    """
    W = _fifth(curve)
    late, before = float(curve[-W:].mean()), float(curve[-2 * W : -W].mean())
    rise, gain = late - before, late - float(curve[0])
    jumps = np.diff(curve[-max(2 * W, ROUNDS) :], n=2)
    sigma = float(np.sqrt((jumps**2).mean() / 6))
    return rise > max(part * gain, least, SIGMAS * sigma * math.sqrt(2 / W))
