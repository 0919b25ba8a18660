"""docs/conformance.md is what its generator writes now, and no entry is without a row."""

from __future__ import annotations

import doctest
import importlib.util
import re

import pytest

from fedplay.registry import SLOTS
from fedplay.slots import TABLE
from tests.support import measures
from tools import conformance

ENTRIES = [(slot, name) for slot, names in SLOTS.items() for name in names]
PENGUINS = importlib.util.find_spec("palmerpenguins") is not None


@pytest.mark.skipif(not PENGUINS, reason="palmerpenguins is not installed: its row is computed")
def test_the_page_is_what_its_generator_writes():
    written = conformance.PAGE.read_text(encoding="utf-8")
    assert written == conformance.page(), "make conformance writes docs/conformance.md anew"


def test_every_entry_has_a_row_and_every_slot_a_table():
    text = conformance.PAGE.read_text(encoding="utf-8")
    tables = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    for slot, name in ENTRIES:
        assert f"\n| `{name}` |" in tables[TABLE[slot].title], f"{slot}/{name} has no row"


def test_bounds():
    assert doctest.testmod(conformance).failed == 0
    assert [conformance.bound(e, False) for e in (0.019, 0.02, 0.021, 0.6)] == [
        "≤ 0.02", "≤ 0.02", "≤ 0.05", "≤ 1",
    ]  # fmt: skip
    for error, exact in ((1e-300, True), (float("nan"), False), (float("inf"), False)):
        with pytest.raises(ValueError, match="error="):
            conformance.bound(error, exact)


def test_the_measures_tell_one_method_from_another(monkeypatch):
    """They are no tautology: the loop of one method is far from the engine's run of another."""
    loops = measures.methods.METHODS
    for name, other in (("fedprox", "fedavg"), ("scaffold II", "scaffold I"), ("adam", "yogi")):
        monkeypatch.setitem(loops, name, (loops[name][0], loops[other][1]))
        assert measures.paper(name) > 1e-4, f"{name} passes for {other}"
    assert measures.finetune(epochs=2) > 0.01, "one epoch less is not seen"
