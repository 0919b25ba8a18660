"""What lessons are made of: source to read, predictions to check, exercises that check."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

import fedplay as fp
from fedplay import plain
from fedplay.lessons.answers import UNCLEAR, clear_winner, judge_choice, judge_number
from fedplay.lessons.exercises import EXERCISES
from fedplay.lessons.measures import MEASURES, measure
from fedplay.lessons.source import code
from fedplay.playground.predict import SETTLED
from fedplay.stages.algorithm.fedprox import FedProx
from fedplay.untrusted import escape
from tests.support.virtual import run

SMALL = fp.Experiment(clients=3, rounds=2)


# --- code ------------------------------------------------------------


def test_the_source_is_that_of_the_class_that_is_spoken_of():
    shown = fp.code("fedprox")
    assert "class FedProx(Algorithm)" in shown.text
    assert "def correct(self" in shown.text
    assert "def broadcast" not in shown.text, "what it inherits is not its own"
    assert shown.text == fp.code(FedProx).text == fp.code(FedProx()).text == repr(shown)
    assert "# fedplay/stages/algorithm/fedprox.py" in shown.text


def test_an_experiment_shows_what_its_method_overrides():
    names = [one.name for one in fp.code(fp.Experiment(algorithm="scaffold")).pieces]
    assert names == ["Scaffold"]
    exp = fp.Experiment(algorithm="fedprox", server="adam", noise_multiplier=1.0)
    names = [one.name for one in fp.code(exp).pieces]
    assert names[0] == "FedProx"
    assert {"Adam", "Fixed", "Poisson"} < set(names)


def test_functions_and_several_things_at_once():
    shown = fp.code(plain.local_sgd, plain.fedavg, "mean", plain.fedavg)
    assert [one.name for one in shown.pieces] == ["local_sgd", "fedavg", "Mean"]
    assert shown.pieces[0].text.startswith("def local_sgd(")


def test_a_class_of_ones_own_is_shown_with_its_text_escaped():
    @dataclass(frozen=True)
    class Mine(fp.Algorithm):
        """<script>alert(1)</script>"""

        def broadcast(self, P):
            return P if P < 3 else 3  # <b>

    html = fp.code(Mine)._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html.split("</b>", 1)[1]
    assert "&lt;script&gt;" in html


def test_a_class_without_a_file_is_shown_by_its_methods():
    scope = {}
    exec("class Typed:\n    pass", scope)
    with pytest.raises(ValueError, match="its source is not to be found"):
        fp.code(scope["Typed"])
    scope["Typed"].step = plain.local_sgd
    assert "class Typed:" in fp.code(scope["Typed"]).text


def test_the_coloured_source_is_the_source():
    import html
    import re

    for name in ("scaffold", "dirichlet", "poisson", "dp"):
        shown = fp.code(name)
        pre = re.search(r"<pre[^>]*>(.*)</pre>", shown._repr_html_(), re.S)[1]
        assert html.unescape(re.sub(r"<[^>]*>", "", pre)) == shown.pieces[0].text


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ((), "say what to show"),
        (("fedpox",), "code='fedpox': must be one of"),
        ((3,), "code=3: must be the name of a stage"),
        (("algorithm:nothing",), "must be one of"),
    ],
)
def test_what_has_no_source_is_refused_in_a_sentence(what, words):
    with pytest.raises(ValueError, match=words):
        code(*what)


# --- measures ------------------------------------------------------------


def test_measures_are_what_they_say():
    history = fp.run(fp.Experiment(clients=10, rounds=12))
    own = history.client_accuracy[-1]
    expected = {
        "accuracy": history.accuracy[-1],
        "late accuracy": np.mean(history.accuracy[3:]),
        "own accuracy": own.mean(),
        "lowest tenth": np.quantile(own, 0.1),
        "accuracy alone": history.local_accuracy.mean(),
    }
    assert expected.keys() == MEASURES.keys()
    for name, value in expected.items():
        assert measure(name).of(history) == pytest.approx(value)
    first = int(np.flatnonzero(history.accuracy >= 0.5)[0])
    assert measure("rounds to 0.5").of(history) == first
    assert measure("rounds to 1").of(history) == math.inf
    assert measure(lambda h: h.rounds).of(history) == 12


@pytest.mark.parametrize("name", ["acuracy", "rounds to", "rounds to 2", "rounds to much", None])
def test_an_unknown_measure_is_refused(name):
    with pytest.raises(ValueError, match="measure="):
        measure(name)


# --- how a prediction compares ------------------------------------------------------------


def test_a_number_is_right_where_luck_may_put_it():
    values = [0.9, 0.92, 0.94]
    what = MEASURES["accuracy"]
    assert judge_number(0.95, values, what, (0, 1)).right
    far = judge_number(0.5, values, what, (0, 1))
    assert not far.right
    assert far.lines[0] == (
        "0.42 too low: you said 0.50; 0.92 came out, 0.90 to 0.94 in 3 runs with other dice."
    )
    assert far.picture.count("<circle") == 3
    exact = judge_number(0.8, [0.8], what, (0, 1))
    assert exact.lines[0] == "About right: you said 0.80; 0.80 came out."
    never = judge_number(9, [math.inf, 4.0], measure("rounds to 0.9"), (0, 10))
    assert "never" in never.lines[0]


def test_a_choice_needs_more_than_luck():
    clear = {"a": [3.0, 4, 5, 4, 3], "b": [1.0, 2, 2, 3, 1]}
    what = MEASURES["accuracy"]
    assert judge_choice("a", clear, what, True).right
    assert judge_choice("b", clear, what, False).right
    assert not judge_choice(UNCLEAR, clear, what, True).right
    noisy = {"a": [3.0, 4, 1, 4, 3], "b": [1.0, 2, 2, 3, 1]}
    assert judge_choice(UNCLEAR, noisy, what, True).right
    assert clear_winner({"a": [2.0], "b": [2.0]}, True) is None
    lines = judge_choice("b", clear, what, True).lines
    assert lines[0] == "Not so: you said “b”; “a” comes out highest."
    assert lines[1] == "a: 4.00 (3.00 to 5.00)"


# --- the widget ------------------------------------------------------------


def test_nothing_is_computed_before_it_is_answered():
    asked = []
    question = fp.predict("How much?", SMALL, lambda h: asked.append(h) or h.accuracy[-1], seeds=2)
    assert question.reveal() is None
    assert "First say what you expect: a number from 0 to 1." in question.told.value
    assert not asked
    question.say(0.3)
    answer = question.reveal()
    assert len(asked) == 2
    assert answer is question.answer
    assert answer.lines[0] in question.told.value
    assert question.button.disabled


def test_the_seeds_are_those_after_the_experiments_own():
    seen = []
    exp = SMALL.replace(seed=7, data_seed=5)
    question = fp.predict("?", exp, lambda h: seen.append(h.experiment) or 0.5, seeds=2)
    question.say("50 %".replace(" ", ""))
    assert question.reveal().right
    assert seen == [exp, exp.replace(seed=8, data_seed=6)]


@pytest.mark.parametrize("text", ["", "much", "1.5", "-1", "nan", "inf", "1e999"])
def test_a_prediction_that_cannot_be_read_is_asked_for_again(text):
    question = fp.predict("How much?", SMALL)
    question.field.value = text
    assert question.reveal() is None
    assert "a number from 0 to 1" in question.told.value


@pytest.mark.parametrize(("text", "number"), [("0,5", 0.5), ("50%", 0.5), (" .5 ", 0.5)])
def test_numbers_are_read_as_people_write_them(text, number):
    question = fp.predict("How much?", SMALL, lambda h: number, seeds=1)
    question.field.value = text
    assert question.reveal().right


def test_one_of_several():
    two = {"<i>short</i>": SMALL, "long": SMALL.replace(rounds=40)}
    question = fp.predict("Which is higher?", two)
    assert question.labels == ("<i>short</i>", "long", UNCLEAR)
    assert question.reveal() is None
    assert "choose one" in question.told.value
    question.say("<i>short</i>")
    assert not question.reveal().right
    assert "<i>" not in question.told.value
    again = fp.predict("Which is lower?", two, best="lowest")
    again.say("<i>short</i>")
    assert again.reveal().right
    with pytest.raises(ValueError, match="must be one of"):
        question.say("neither")


def test_what_cannot_be_run_is_told():
    heavy = fp.Experiment(clients=10_000, rounds=100_000, partition="resampled")
    question = fp.predict("How much?", heavy)
    question.say(0.5)
    assert question.reveal() is None
    assert "It cannot be run" in question.told.value


def test_a_click_computes_on_the_loop():
    async def page(_time):
        question = fp.predict("How much?", SMALL, seeds=1)
        question.say(0.5)
        question.button.click()
        assert "Computing" in question.told.value
        assert question.answer is None
        await asyncio.sleep(0.9 * SETTLED)
        assert question.answer is None, "a click may overtake the last letter that was typed"
        await asyncio.sleep(0.2 * SETTLED)
        return question.answer

    assert run(page) is not None


def test_it_is_shown_and_named():
    question = fp.predict("How <b>much</b>?", SMALL)
    bundle = question._repr_mimebundle_()
    assert bundle["text/plain"] == "Predict: How <b>much</b>?"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "&lt;b&gt;much" in question.widget.children[1].value
    assert question.field.description == "I say (0 to 1):"
    question.close()


@pytest.mark.parametrize(
    "wrong",
    [
        dict(runs={"one": SMALL}),
        dict(runs={"one": SMALL, "two": 2}),
        dict(runs="fedavg"),
        dict(between=(1, 0)),
        dict(between=(0, math.inf)),
        dict(between=0.5),
        dict(seeds=0),
        dict(seeds=True),
        dict(best="nicest"),
        dict(measure="beauty"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        fp.predict("?", **({"runs": SMALL} | wrong))


# --- exercises ------------------------------------------------------------

SOLUTIONS = {
    "average": 2.5,
    "few-rounds": dict(local_epochs=10),
    "worst-tenth": dict(shards=1),
    "together": dict(participation=0.5),
    "fixed-point": 0.819,
    "remedy": dict(algorithm="scaffold"),
    "two-digits": 0.196,
    "leash": dict(ditto_lambda=3.0),
    "enough-examples": 5,
}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_an_exercise_can_be_solved_and_says_what_was_measured(name):
    one, given = fp.exercise(name), SOLUTIONS[name]
    verdict = one.check(one.start.replace(**given) if one.start is not None else given)
    assert verdict, verdict
    assert any(c.isdigit() for c in repr(verdict))
    assert "Solved." in verdict._repr_html_()
    assert escape(one.task) in one._repr_html_()


def test_all_exercises_have_a_solution_here():
    fp.exercise("average")
    assert EXERCISES.keys() == SOLUTIONS.keys()


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("average", 2.0, "plain mean"),
        ("two-digits", 0.98, "eight more"),
        ("two-digits", 0.5, "how many of 100"),
        ("enough-examples", 3, "none of 1, 2, 5, 10, 20"),
        ("enough-examples", 10, "Fewer are enough"),
        ("average", 1.0, "weights 100 and 300"),
        ("average", "2.5", "Hand in a number"),
        ("average", math.nan, "Hand in a number"),
        ("average", True, "Hand in a number"),
        ("fixed-point", 1.4, "optimum of both"),
        ("fixed-point", 0.5, "mean of the two optima"),
        ("fixed-point", 0.9, "is 0.08 away"),
        ("few-rounds", 0.9, "Hand in an Experiment"),
        ("few-rounds", None, "Hand in an Experiment"),
    ],
)
def test_a_wrong_answer_gets_a_sentence(name, given, words):
    verdict = fp.exercise(name).check(given)
    assert not verdict
    assert words in repr(verdict)
    assert "Not yet" in verdict._repr_html_()


def test_only_what_may_be_changed_is_changed():
    one = fp.exercise("few-rounds")
    verdict = one.check(one.start.replace(learning_rate=1.0, rounds=50))
    assert repr(verdict) == (
        "✗ Only local_epochs may be changed here, but rounds and learning_rate are not as at the "
        "start."
    )
    assert "not its History" in repr(one.check(fp.run(one.start)))


def test_fewer_epochs_are_not_enough_and_the_rounds_are_told():
    one = fp.exercise("few-rounds")
    verdict = one.check(one.start)
    first = [fp.run(one.start.replace(seed=s, data_seed=s)).accuracy for s in range(5)]
    reached = [str(int(np.argmax(a >= 0.9))) if (a >= 0.9).any() else "never" for a in first]
    assert all(word in repr(verdict) for word in reached)


def test_what_is_too_much_is_told():
    one = replace(fp.exercise("few-rounds"), may=("clients", "partition"))
    heavy = one.start.replace(partition="resampled", clients=10_000_000)
    assert "It cannot be run" in repr(one.check(heavy))


def test_an_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match="must be one of average"):
        fp.exercise("averages")
