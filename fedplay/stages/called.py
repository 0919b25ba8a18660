"""Names that a method gives to clients' own models."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

HEAD = "a head"  # what clients keep, where the rest of the model is shared


class Called(NamedTuple):
    """Names of a client's own model, short and long.

    short:  on a curve and a card
    titles: wordings for a heading, from the longest
    noun:   after "its" or "the", in a sentence
    """

    short: str
    titles: tuple[str, ...] = ("its personal model", "its own model")
    noun: str = "personal model"


class Keeping(Protocol):
    """Of an algorithm, what clients have of it."""

    copies: ClassVar[str]

    def kept(self) -> str: ...


def own_only(algorithm: Keeping) -> bool:
    """Whether no client uses the global model: each has a head, or a cluster's model, of its own.

    >>> from fedplay.stages.algorithm import IFCA, FedAvg, FedPer
    >>> own_only(FedAvg()), own_only(FedPer()), own_only(IFCA())
    (False, True, True)
    """
    return algorithm.kept() == HEAD or bool(algorithm.copies)


def count(n: int, noun: str) -> str:
    """A count with its noun: "1 epoch", "2 epochs".

    >>> count(1, "epoch"), count(2000, "step")
    ('1 epoch', '2,000 steps')
    """
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
