"""Write docs/conformance.md: every entry of every slot, its oracle, and the error reached now.

    make conformance

The oracles are the list in tests/support/oracles.py. Errors are printed as bounds, so that the page
is the same on every machine: rounding differs from one linear algebra library to the next.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedplay.registry import about
from fedplay.slots import TABLE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "conformance.md"
FLOOR = 1e-12  # below it lies what rounding may do
HEAD = """# Conformance

Every built-in option, the reference it is tested against, and the error that remains. Written by
`make conformance`, which computes every number; `tests/contract/test_conformance.py` fails where
this page is not what it would write, or an entry is missing.

The error is the largest absolute difference in float64 unless the row says otherwise: **exact**
where nothing but zero will do, else a bound, rounded up (rounding errors to 1e-12, those of random
draws to the next 1, 2 or 5). A bound on random draws is what these fixed seeds give; the tests
allow four or five standard errors. Each row is a spot check on a few fixed problems, and the test
named beside it searches over many.

Loops "written from the paper" are those of [papers.py](../tests/support/papers.py): local
minibatches of 4 from clients of 3 to 14 examples and one without any, 60 % of them in a round,
stragglers among them, three local epochs, four rounds, softmax regression; what is compared is the
last model. The rows of the models and of the channel are without stragglers. Loops and fixed points
of a method are held against it three times: with its own paper's weights, with clients weighed by
their examples, and alike (the knob `weights`); the error is the largest. Loops of personal models
are those of [personal_papers.py](../tests/support/personal_papers.py): there every client's own
model is compared too.
How each method differs from its paper by choice is in [algorithms.md](algorithms.md).
"""
KNOWN = """## The known case

Two quadratics, a = (1, 4), x = (−1, 2), η = 0.05: the optimum of their sum is 1.4. Where the engine
rests after 400 rounds of K local steps, and what the closed form says
(`engine.test_closed_forms:test_two_clients_end_where_the_formula_says`).

| Method | K | Engine | Closed form |
|---|---|---|---|
"""


def tests(module: str) -> Any:
    """A module of the tests, by its dotted name within their folder."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"tests.{module}")


def bound(error: float, exact: bool) -> str:
    """The error as the page has it; ValueError where it is not as small as it must be.

    >>> bound(0.0, True), bound(3e-16, False), bound(0.0138, False)
    ('exact', '≤ 1e-12', '≤ 0.02')
    """
    if exact:
        if error != 0:
            raise ValueError(f"error={error!r}: must be 0")
        return "exact"
    if not math.isfinite(error):
        raise ValueError(f"error={error!r}: must be a finite number")
    if error <= FLOOR:
        return f"≤ {FLOOR:g}"
    decade = math.floor(math.log10(error))
    steps = (m * 10.0**e for e in (decade, decade + 1) for m in (1, 2, 5))
    return f"≤ {next(step for step in steps if error <= step):g}"


def rows(slot: str) -> Iterator[str]:
    """The lines of a slot's table."""
    for entry, oracles in tests("support.oracles").ORACLES.items():
        its_slot, _, name = entry.partition("/")
        for oracle in oracles if its_slot == slot else ():
            module, _, test = oracle.test.partition(":")
            link = f"[{test.replace('_', ' ')}](../tests/{module.replace('.', '/')}.py)"
            error = bound(oracle.error(), oracle.exact)
            cells = (
                f"`{name}`",
                about(slot, name).title,
                oracle.source,
                oracle.against,
                link,
                error,
            )
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def known() -> Iterator[str]:
    """The lines of the known case."""
    import fedplay as fp

    closed = tests("engine.test_closed_forms")
    for mu, method in ((0.0, "FedAvg"), (1.0, "FedProx, μ = 1")):
        for K in (5, 20, 100):
            exp, fed = closed.experiment(
                closed.TWO, K, 0.05, algorithm="fedprox", mu=mu, rounds=400
            )
            end = fp.run(exp, fed).parameters[0]
            star = closed.fixed_point(closed.TWO, K, 0.05, mu)[0]
            yield f"| {method} | {K} | {end:.4f} | {star:.4f} |"


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for slot in TABLE.values():
        head = "| Entry | Name | Source | Held against | Test | Error |\n" + "|---" * 6 + "|"
        parts.append("\n".join([f"## {slot.title}", "", head, *rows(slot.name), ""]))
    return "\n".join([*parts, KNOWN + "\n".join(known()) + "\n"])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")
