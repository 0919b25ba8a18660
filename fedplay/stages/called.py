"""Names that a method gives to clients' own models."""

from __future__ import annotations

from typing import NamedTuple


class Called(NamedTuple):
    """Names of a client's own model, short and long.

    short:  on a curve and a card
    titles: wordings for a heading, from the longest
    noun:   after "its" or "the", in a sentence
    """

    short: str
    titles: tuple[str, ...] = ("its personal model", "its own model")
    noun: str = "personal model"


def count(n: int, noun: str) -> str:
    """A count with its noun: "1 epoch", "2 epochs".

    >>> count(1, "epoch"), count(2000, "step")
    ('1 epoch', '2,000 steps')
    """
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
