"""What a person reads about each choice, and how a choice is found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import fedplay as fp
from fedplay import registry, slots
from fedplay.experiment import find, knobs, topics
from fedplay.knobs import LEVELS
from fedplay.registry import About, about
from fedplay.stages.algorithm import FedProx
from fedplay.stages.channel.dp import DifferentialPrivacy

ENTRIES = [(slot, name) for slot, entries in registry.SLOTS.items() for name in entries]
# What nobody's paper is about: problems and yardsticks of our own, and the absence of something.
OURS = {
    "data/quadratics",
    "data/arrays",
    "partition/natural",
    "partition/table",
    "partition/regions",
    "shift/none",
    "shift/brightness",
    "model/quadratic",
    "algorithm/centralised",
    "personal/none",
}


@pytest.mark.parametrize(("slot", "name"), ENTRIES, ids=["/".join(entry) for entry in ENTRIES])
def test_every_choice_says_what_it_is(slot, name):
    cls, said = registry.SLOTS[slot][name], about(slot, name)
    assert {"title", "about"} <= vars(cls).keys(), "each says so itself"
    assert 0 < len(said.title) <= 30
    assert 40 <= len(said.sentence) <= 140
    assert said.sentence.endswith(".")
    assert not re.search(r"[.!?] ", said.sentence), "one sentence"
    assert said.sentence[0].isupper() or said.sentence[0].isdigit()
    if f"{slot}/{name}" in OURS:
        assert not said.source
    else:
        assert re.search(r"\b(19|20)\d\d, \S", said.source)


def paper(source):
    """The first author and the year of a source; None where it names no paper."""
    found = re.match(r"(\w+)\D* ((?:19|20)\d\d)", source)
    return found and found.groups()


def test_the_page_on_algorithms_names_the_same_papers():
    page = (Path(__file__).parents[2] / "docs" / "algorithms.md").read_text(encoding="utf-8")
    rows = re.findall(r'^\| \[`(algorithm|server)="(\w+)"`\]\S* \| ([^|]*) \|', page, re.MULTILINE)
    assert {(slot, name) for slot, name, _ in rows} == {
        entry for entry in ENTRIES if entry[0] in ("algorithm", "server")
    }
    for slot, name, cell in rows:
        said = about(slot, name)
        assert cell.startswith(said.title)
        if said.source:
            assert paper(cell.removeprefix(f"{said.title}, ")) == paper(said.source)


def test_no_two_choices_of_a_slot_have_one_name():
    for slot, entries in registry.SLOTS.items():
        titles = [about(slot, name).title for name in entries]
        assert len(set(titles)) == len(titles)


def test_automatic_none_layers_files_and_instances_say_so_too():
    for slot in slots.TABLE.values():
        if slot.auto:
            said = about(slot.name, "auto")
            assert said == about(slot.name, slot.default)
            assert said.title == "Automatic"
            assert said.sentence.endswith(".")
    assert about("channel", ()).title == "None"
    both = about("channel", (DifferentialPrivacy(clip=1.0), "dp"))
    assert both.title == "DP-FedAvg + DP-FedAvg"
    assert both.source == "McMahan et al. 2018, ICLR"
    assert about("algorithm", FedProx(mu=1.0)) == about("algorithm", "fedprox")
    assert about("data", "csv:mine.csv:0123456789abcdef").title == "mine.csv"
    with pytest.raises(ValueError, match="algorithm='fedfoo': must be one of fedavg, "):
        about("algorithm", "fedfoo")


def test_ones_own_has_its_name_and_the_first_line_of_its_docstring(monkeypatch):
    @dataclass(frozen=True)
    class Mine(FedProx):
        """A pull of one's own.

        And more on it.
        """

    @dataclass(frozen=True)
    class Wordless(FedProx):
        pass

    assert about("algorithm", Mine()) == About("Mine", "A pull of one's own.")
    monkeypatch.setitem(registry.SLOTS["algorithm"], "my-prox", Mine)
    monkeypatch.setitem(registry.SLOTS["algorithm"], "wordless", Wordless)
    assert about("algorithm", "my-prox").title == "my-prox"
    assert about("algorithm", Mine()).title == "my-prox"
    assert about("algorithm", "wordless") == About("wordless", "")


def test_what_a_class_says_of_itself_is_a_text():
    @dataclass(frozen=True)
    class Odd(fp.Algorithm):
        title = 5

    with pytest.raises(ValueError, match=r"Odd\.title=5: must be a text"):
        fp.register(Odd, "odd")


def test_every_slot_and_knob_stands_under_one_topic():
    found = topics()
    assert list(found) == list(slots.TOPICS)
    names = [name for group in found.values() for name in group]
    assert sorted(names) == sorted([*slots.TABLE, *knobs()])
    assert all(slot.name in found[slot.heading] for slot in slots.TABLE.values())
    assert all(knob.topic in ("", *slots.TOPICS) for knob in knobs().values())
    assert all(one.level in LEVELS for one in (*knobs().values(), *slots.TABLE.values()))
    assert found[slots.TRAINING][:3] == ["rounds", "local_epochs", "learning_rate"]
    assert found[slots.SYSTEM] == []


def test_a_knob_has_one_of_three_levels():
    with pytest.raises(ValueError, match="level='beginner': must be one of first, more, expert"):
        fp.knob(1.0, level="beginner")


@pytest.mark.parametrize("name", [*slots.TABLE, *knobs()])
def test_everything_is_found_by_its_name_and_its_label(name):
    one = slots.TABLE.get(name) or knobs()[name]
    assert find(name)[0] == name
    assert find(name.replace("_", " ").upper())[0] == name
    assert name in find(one.label)[:3]
    assert all(name in find(word) for word in one.also)


@pytest.mark.parametrize(
    ("text", "first"),
    {
        "lr": "learning_rate",
        "η": "learning_rate",
        "K": "inner_steps",
        "k": "classes_per_client",
        "heterogeneity": "alpha",
        "non-iid": "alpha",
        "dropout": "stragglers",
        "epsilon": "noise_multiplier",
        "FedProx": "algorithm",
        "noise": "noise_multiplier",
        "SCAFFOLD": "algorithm",
        "fedadam": "server",
        "batch": "batch_size",
        "learning raet": "learning_rate",
    }.items(),
)
def test_other_words_lead_there_too(text, first):
    assert find(text)[0] == first


def test_nothing_is_found_by_nothing():
    assert find("") == find(" – ") == find("xyzzyx") == []
