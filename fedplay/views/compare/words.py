"""Texts of the comparison: a sentence on all methods, and lines on one beside the pointer."""

from __future__ import annotations

import math

from fedplay.methods import METHODS
from fedplay.studies.comparison import Comparison, listed
from fedplay.studies.statistics import RARE, Difference
from fedplay.untrusted import escape
from fedplay.views.compare.shown import ComparisonShown
from fedplay.words import accuracy

NAMED = 3  # methods that a sentence has room for
ENOUGH = 1 - round(math.log2(RARE))  # seeds that can tell anything


def told(compared: ComparisonShown | None) -> str:
    """Which differences between the methods the seeds support, as HTML."""
    if compared is None:
        return "Several methods on the same data, each with the same few seeds."
    found, (done, runs) = compared.comparison, compared.runs
    if not found.curves:
        return "Choose below the methods to compare."
    parts = [_so_far(found, done, runs)]
    if found.curves[found.reference]:
        parts += [_broken(found), _against(found), _rounds(found)]
    parts += [_alike(compared), escape(found.weights_note()), "Click a method to see it above."]
    return " ".join(part for part in parts if part)


def _so_far(found: Comparison, done: int, runs: int) -> str:
    varied = "of training" if found.experiment.data == "arrays" else "of training and data"
    text = f"Each with the same {found.seeds} seeds ({varied})"
    return f"{text}: {done} of {runs} runs computed …" if done < runs else f"{text}."


def _broken(found: Comparison) -> str:
    """The methods whose runs have come to nothing here: their numbers are not to be compared."""
    said = []
    for name in found.curves:
        for mark, n in found.broken(name).items():
            times = f"in {n} of {len(found.curves[name])}"
            said.append(f"<b>{escape(name)}</b> {_is(mark)} {times}")
    if not said:
        return ""
    more = len(said) - NAMED
    said = [*said[:NAMED], f"{more} more as the table says"] if more > 0 else said
    return f"{listed(said)} seeds: such ends tell nothing about what a method can do."


def _alike(compared: ComparisonShown) -> str:
    """Whose curves cannot be told apart, as they lie on each other."""
    groups = [listed([f"<b>{escape(name)}</b>" for name in g]) for g in compared.coinciding]
    said = [f"The curves of {names} lie on each other, as dashes show." for names in groups]
    return " ".join(said)


def _is(mark: str) -> str:
    """
    >>> _is("at chance"), _is("not yet learnt"), _is("worsened"), _is("diverged")
    ('is at chance', 'has not yet learnt', 'worsened', 'diverged')
    """
    return {"at chance": "is at chance", "not yet learnt": "has not yet learnt"}.get(mark, mark)


def _against(found: Comparison) -> str:
    """How the others end, beside the reference."""
    ref = found.reference
    others = {n: d for n in found.curves if n != ref and (d := found.difference(n)).seeds}
    if not others:
        return ""
    clear = sorted((n for n in others if others[n].clear), key=lambda n: -_mean(others[n]))
    alike = [name for name in others if not others[name].clear]
    told = clear if len(clear) <= NAMED else [*clear[: NAMED - 1], clear[-1]]
    said = [_ends(name, others[name], first=not i) for i, name in enumerate(told)]
    if more := len(clear) - len(told):
        said.append(f"{more} more differ, as the table says")
    if alike:
        names = listed([f"<b>{escape(name)}</b>" for name in alike])
        few = max(d.seeds for d in others.values()) < ENOUGH
        if few:
            said.append(f"fewer than {ENOUGH} seeds cannot tell a difference from chance")
        else:
            said.append(f"for {names} no difference beyond the seeds")
    return f"Against <b>{escape(ref)}</b> ({accuracy(found.end(ref).mean)}): {'; '.join(said)}."


def _ends(name: str, found: Difference, first: bool) -> str:
    word = "higher" if found.side == "above" else "lower"
    times = max(found.above, found.below)
    seeds = f"in {times} of {found.seeds} seeds" if first else f"{times} of {found.seeds}"
    return f"<b>{escape(name)}</b> ends {found.much}{word} ({seeds})"


def _rounds(found: Comparison) -> str:
    """Who comes to the target first."""
    to = {n: r.median for n, r in found.rounds_to().items() if math.isfinite(r.median)}
    if not to:
        return f"No method reaches {found.target:.2f} in half of the seeds."
    ref = found.reference
    sooner = [name for name in to if name != ref and _sooner(found.sooner(name))]
    if not sooner:
        return f"To {found.target:.2f}, no method is faster beyond the seeds."
    best = min(sooner, key=lambda name: to[name])
    own = found.rounds_to()[ref]
    other = f"in {own.median:g}" if math.isfinite(own.median) else f"in {own.times} seeds only"
    rounds = "1 round" if to[best] == 1 else f"{to[best]:g} rounds"
    text = f"<b>{escape(best)}</b> comes to {found.target:.2f} in {rounds}"
    return f"{text}, <b>{escape(ref)}</b> {other}."


def _sooner(found: Difference) -> bool:
    return found.clear and found.side == "above"


def lines(compared: ComparisonShown, name: str) -> tuple[str, ...]:
    """Lines about a method, beside the pointer."""
    out = [name]
    if name in METHODS:
        out += [METHODS[name].what, METHODS[name].source]
    if why := compared.why(name):
        return (*out, why)
    source = compared.source(name)
    if source is None:
        return (*out, "not computed yet")
    if compared.stale(name):
        out.append("of the experiment before; being computed anew")
    known = len(source.curves[name])
    if known < source.seeds:
        out.append(f"{known} of {source.seeds} seeds so far")
    out += [f"{mark} in {n} of {known} seeds" for mark, n in source.states(name).items()]
    out.append(f"rounds to {compared.comparison.target:.2f}: {compared.reached[name].words()}")
    out.append(f"at the end {source.end(name).words()}")
    if name != source.reference:
        out.append(f"against {source.reference}: {source.difference(name).words()}")
    if name == compared.current:
        out.append("shown above")
    return tuple(out)


def spoken(compared: ComparisonShown) -> str:
    """The table in words, for screen readers."""
    rows = (", ".join(filter(None, row)) for row in compared.comparison.rows())
    return f"The methods compared: {'; '.join(rows)}."


def _mean(found: Difference) -> float:
    return found.mean if math.isfinite(found.mean) else -math.inf
