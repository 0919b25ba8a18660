"""Who gives a public function the wrong thing reads what it wants, in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fedplay as fp

EXP = fp.Experiment(rounds=1)
FED = fp.Federation.from_arrays(np.eye(6)[:, :2], [0, 1] * 3, [0, 0, 0, 1, 1, 1])
FUNCTIONS = ("run", "rounds", "compare", "newcomer")
MIXED_UP = {
    "federation": (FED, "not a Federation; a Federation goes beside it: fp.{}(exp, federation=fed"),
    "dict": ({"rounds": 3}, "not a dict; fp.Experiment.from_dict"),
    "JSON": (EXP.to_json(), "from_json(...) makes one of a JSON text"),
    "link": (EXP.to_token(), "from_token(...) of a link"),
    "path": (Path("e.json"), "Path('e.json'); fp.Experiment.from_json(path.read_text"),
    "nothing": (None, "not None; fp.Experiment() makes one"),
    "number": (3, "not 3"),
    "class": (fp.Experiment, "not the class Experiment itself"),
    "step": (fp.PRESETS[0], "not a Step; its .experiment is one"),
    "history": (fp.run(EXP), "not a History; its .experiment is one"),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", MIXED_UP)
def test_it_says_what_it_wants_and_what_it_was_given(function, kind):
    thing, told = MIXED_UP[kind]
    with pytest.raises(ValueError, match=f"^{function}: wants an Experiment first") as error:
        getattr(fp, function)(thing)
    said = str(error.value)
    assert told.format(function) in said
    assert "\n" not in said


@pytest.mark.parametrize("function", FUNCTIONS)
def test_so_it_does_of_the_federation_and_the_limit(function):
    for thing in (EXP, {"a": 1}, "mine.csv", 3):
        with pytest.raises(ValueError, match=f"^{function}: federation must be a Federation, not"):
            getattr(fp, function)(EXP, federation=thing)
    with pytest.raises(ValueError, match=f"^{function}: limit must be a Limit, not 60"):
        getattr(fp, function)(EXP, limit=60)


OTHERS = {
    "exercise": fp.exercise,
    "code": fp.code,
    "check_algorithm": fp.check_algorithm,
    "predict": lambda thing: fp.predict("What?", thing),
    "register a": lambda thing: fp.register(thing, "name"),
    "register as": lambda thing: fp.register(fp.Algorithm, thing),
}


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("thing", [FED, {"a": 1}, ["a"], None, 3], ids=lambda t: type(t).__name__)
def test_the_other_public_names_say_it_as_well(call, thing):
    with pytest.raises(ValueError, match=r": (must|wants)") as error:
        call(thing)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("thing", [3, None, "text"])
def test_an_experiment_is_made_of_a_dict(thing):
    with pytest.raises(ValueError, match="must be a dict"):
        fp.Experiment.from_dict(thing)
