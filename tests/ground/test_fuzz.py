"""Thousands of hostile link tokens: each is an experiment, or one short sentence why not."""

from __future__ import annotations

import base64
import json
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from fedplay.data import load_csv
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.registry import SLOTS
from fedplay.untrusted import TOKEN_PREFIX
from tests.support.effort import tries

TOKENS = tries(10_000, 3000)
VALID = [
    Experiment(),
    Experiment(clients=200, noise_multiplier=1.0, participation=0.3, rounds=20),
    Experiment(partition="iid", model="mlp", hidden=(32, 16), batch_size=None),
    Experiment(data="moons", clients=5, learning_rate=0.3, seed=7, data_seed=9),
]
HOSTILE_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**19, -(10**19), 1e308, -1e308, 5e-324, 0.1),
    *("", "auto", "fedavg", "digits", "arrays", "csv:", "csv:x.csv:00", "csv:../../etc/passwd:ab"),
    *(
        "__import__('os').system('true')",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "\0",
        "😀" * 99,
    ),
    *("‮lasrever", "a" * 5000, [], [[]], ["dp"] * 30, {}, {"a": {}}, [1e308], [None], ["dp", 3]),
]
HOSTILE_KEYS = ["__class__", "__proto__", "version", "", "\n", "Clients", "clients ", "é" * 300]
HOSTILE_JSON = [
    '{"clients": NaN}',
    '{"learning_rate": Infinity}',
    '{"learning_rate": 1e999}',
    '{"seed": ' + "9" * 5000 + "}",
    '{"clients": 5, "clients": 6}',
    '{"hidden": ' + "[" * 3000 + "]" * 3000 + "}",
    '{"a":' * 500 + "1" + "}" * 500,
    '{"data": "\\ud800"}',
    "[]",
    "null",
    '"{}"',
    "",
    "{",
    "\ufeff{}",
    '{"version": 2}',
    '{"version": true}',
    '{"version": ' + "1" * 20 + "}",
    "{" + ",".join(f'"k{i}": {i}' for i in range(4000)) + "}",
]


def packed(text: str | bytes) -> str:
    """A token that any text, however hostile, is wrapped in properly."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return TOKEN_PREFIX + base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode().rstrip("=")


def flipped(dice: random.Random) -> str:
    token = list(dice.choice(VALID).to_token())
    for _ in range(dice.choice((1, 1, 2, 5, 30))):
        place = dice.randrange(len(token))
        kind = dice.randrange(4)
        if kind == 0:
            token[place] = dice.choice("ABCxyz019-_")
        elif kind == 1:
            token[place] = dice.choice("=+/ .\0é😀\n%‮")
        elif kind == 2:
            token.insert(place, dice.choice("AZaz09"))
        elif len(token) > 1:
            del token[place]
    return "".join(token)


def cut(dice: random.Random) -> str:
    token = dice.choice(VALID).to_token()
    start, end = sorted(dice.randrange(len(token) + 1) for _ in range(2))
    return dice.choice((token[:end], token[start:], token[:start] + token[end:], token * 2))


def damaged_bytes(dice: random.Random) -> str:
    """Right as base64, wrong as zlib."""
    raw = bytearray(zlib.compress(json.dumps(dice.choice(VALID).to_dict()).encode()))
    for _ in range(dice.choice((1, 2, 8))):
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    raw += dice.choice((b"", b"", dice.randbytes(5)))
    return TOKEN_PREFIX + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")


def hostile_choices(dice: random.Random) -> str:
    """Good JSON of an experiment, with some of it replaced."""
    given = dice.choice(VALID).to_dict()
    names = [*given, *knobs(), *CHOICES, *HOSTILE_KEYS]
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        name = dice.choice(names)
        value = dice.choice(HOSTILE_VALUES)
        if name in SLOTS and dice.random() < 0.5:
            value = dice.choice([*SLOTS[name], "auto"])
        elif dice.random() < 0.3:
            value = dice.choice((dice.uniform(-10, 10), dice.randrange(-5, 500), [dice.random()]))
        given[name] = value
    return packed(json.dumps(given))


def hostile_json(dice: random.Random) -> str:
    text = dice.choice(HOSTILE_JSON)
    if dice.random() < 0.5 and text:
        place = dice.randrange(len(text))
        text = text[:place] + dice.choice('{}[],:"0\\\t\x01é') + text[place + 1 :]
    return packed(text)


def bomb(dice: random.Random) -> str:
    """Up to some hundred kB in less than 4 kB: of spaces, of brackets, or in a string."""
    size = dice.choice((64 * 1024, 64 * 1024 + 1, 300_000, 2_000_000))
    filling = dice.choice(("{" + " " * size + "}", "[" * size, '{"data": "' + "A" * size + '"}'))
    return packed(filling)


def nonsense(dice: random.Random) -> Any:
    letters = "fp1.AZaz09-_=é😀\0\n"
    text = "".join(dice.choice(letters) for _ in range(dice.choice((0, 1, 4, 50, 4096, 5000))))
    return dice.choice((text, TOKEN_PREFIX + text))


def tokens(dice: random.Random) -> Iterator[Any]:
    makers = [flipped, cut, damaged_bytes, hostile_choices, hostile_choices, hostile_json]
    makers += [nonsense]
    bombs = [bomb(dice) for _ in range(20)]  # they are slow to make
    for i in range(TOKENS):
        yield bombs[i // 10 % 20] if i % 10 == 9 else makers[i % len(makers)](dice)


def outcome(token: Any) -> Experiment | str:
    try:
        exp = Experiment.from_token(token)
    except ValueError as error:
        return str(error)
    assert isinstance(exp, Experiment)
    return exp


def test_thousands_of_tokens() -> None:
    made = list(tokens(random.Random(2026)))
    outcome(made[0])  # what is loaded on the way is no fault of a token
    opened = 0
    tracemalloc.start()
    try:
        for token in made:
            found = outcome(token)
            if isinstance(found, Experiment):
                opened += 1
                assert Experiment.from_token(found.to_token()) == found
                assert found.data in SLOTS["data"], token
                assert found.data != "arrays", token
            else:
                assert found, token
                assert found.isprintable(), f"not one line: {found!r}"
                assert len(found) <= 400, f"not one sentence: {found!r}"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(made) == TOKENS
    assert TOKENS / 100 < opened < TOKENS / 2, "neither all are refused, nor most are good"
    assert peak < 20e6


def test_a_link_names_only_data_that_everybody_has() -> None:
    rows = "".join(f"{'no' if i % 3 else 'yes'},{i % 7}\n" for i in range(60))
    own = Experiment(data=load_csv(f"label,a\n{rows}".encode(), name="mine.csv"), clients=3)
    for given in (own.to_dict(), Experiment(data="arrays").to_dict()):
        with pytest.raises(ValueError, match="data"):
            Experiment.from_token(packed(json.dumps(given)))
