"""The floors of the house: each part imports only from below, and importing is light.

And the roles of files: what a view says and computes needs neither pictures nor widgets. What is
long has a reason.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fedplay.experiment import knobs
from fedplay.slots import TABLE
from fedplay.views.registered import VIEWS

HOUSE = Path(__file__).parents[1] / "fedplay"

# From the ground up. A module may import from its own floor's own folder, and from lower floors.
FLOORS = [
    {"knobs", "slots", "streams", "untrusted", "files", "plain", "scopes", "clock"},
    {"arguments", "scales", "words", "tables", "memo"},
    {"registry"},
    {"data", "models", "privacy"},
    {"stages"},
    {"cost"},
    {"experiment"},
    {"labs", "methods"},
    {"engine"},
    {"inspect"},
    {"runs"},
    {"studies"},
    {"lessons"},
    {"drawing"},
    {"widgets"},
    {"views"},
    {"session"},
    {"check"},
    {"plots"},
    {"playground"},
    {"app"},
    {"cli"},
    {"__main__"},
]
# The plots are conveniences that reach up, from inside the functions.
DOORS = {
    ("studies/comparison.py", "plots"),
    ("studies/newcomer.py", "plots"),
    ("engine/history.py", "plots"),
}


def level(part):
    return next(i for i, floor in enumerate(FLOORS) if part in floor)


def imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # what only the type checker reads is no import
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "fedplay":
                yield from (f"fedplay.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield f"relative import in {path}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize(
    "path", sorted(HOUSE.rglob("*.py")), ids=lambda p: str(p.relative_to(HOUSE))
)
def test_each_floor_imports_only_from_below(path):
    relative = path.relative_to(HOUSE)
    own = relative.parts[0].removesuffix(".py")
    if own == "__init__":
        return  # the lazy front door knows every floor
    for name in imports(path):
        assert not name.startswith("relative"), name
        if not name.startswith("fedplay."):
            continue
        other = name.split(".")[1]
        if other == own or other.startswith("_") or (relative.as_posix(), other) in DOORS:
            continue
        assert level(other) < level(own), f"{relative} imports {name} from above or beside"


GROUND = {part for floor in FLOORS[:2] for part in floor}
TOOLKITS = {"drawing": {"drawing"}, "widgets": {"drawing", "widgets"}}  # and what they may use


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_a_toolkit_knows_no_federated_learning(toolkit):
    for path in (HOUSE / toolkit).glob("*.py"):
        parts = {name.split(".")[1] for name in imports(path) if name.startswith("fedplay.")}
        assert parts <= GROUND | TOOLKITS[toolkit], path.name


IDEAS = sorted(path.name for path in (HOUSE / "views").iterdir() if (path / "view.py").exists())


@pytest.mark.parametrize("idea", IDEAS)
def test_an_idea_has_its_roles_and_imports_no_other_idea(idea):
    folder = HOUSE / "views" / idea
    assert {"view.py", "words.py"} <= {path.name for path in folder.iterdir()}
    for path in folder.glob("*.py"):
        for name in imports(path):
            other = name.split(".")[2] if name.startswith("fedplay.views.") else idea
            assert other == idea or other not in IDEAS, f"{path.name} imports {name}"
        heavy = {name.split(".")[0] for name in imports(path)} & {"ipywidgets", "anywidget"}
        assert not heavy or path.name == "controls.py", path.name


def test_analysis_and_words_load_neither_pictures_nor_widgets():
    paths = [p for role in ("analysis", "words") for p in HOUSE.glob(f"views/*/{role}.py")]
    names = [".".join(("fedplay", *p.relative_to(HOUSE).with_suffix("").parts)) for p in paths]
    lines = [f"import {name}; check({name!r})" for name in names]
    code = "\n".join(["import sys", CHECK, *lines])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


@pytest.mark.parametrize("part", ["session", "playground", "widgets"])
def test_what_shows_views_names_none(part):
    """A new view touches its folder and a line: the rest asks the registry what there is."""
    found = []
    for path in (HOUSE / part).glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        said -= {*knobs(), *TABLE}  # "clients" is a knob, and was one first
        found += [(path.name, name) for name in VIEWS if name in said]
        ideas = [name.split(".")[2] for name in imports(path) if name.startswith("fedplay.views.")]
        found += [(path.name, idea) for idea in ideas if idea in IDEAS]
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        found += [(path.name, view.__name__) for view in VIEWS.values() if view.__name__ in words]
    assert not found


FILE, FUNCTION = 350, 60  # lines, above which a reason is asked for
# What is longer: a file by its path in the house, a function by its file's and its name.
LONG = {
    "data/federation.py: from_arrays": "Half of it says what each argument may be.",
    "playground/playground.py": "A short method for each thing that a person does.",
    "session/player.py": "All that decides which round is computed next, and which is shown.",
}


def long_ones():
    for path in sorted(p for p in HOUSE.rglob("*") if p.suffix in (".py", ".js", ".css")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(HOUSE).as_posix()
        if len(text.splitlines()) > FILE:
            yield name
        for node in ast.walk(ast.parse(text)) if path.suffix == ".py" else ():
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if function and node.end_lineno - node.lineno >= FUNCTION:
                yield f"{name}: {node.name}"


def test_what_is_long_is_so_for_a_reason():
    """And no reason is kept for what is short by now."""
    assert set(long_ones()) == LONG.keys()
    for name, reason in LONG.items():
        assert re.fullmatch(r"[A-Z].+ .+ .+\.", reason), name


CHECK = """
def check(name):
    heavy = {"matplotlib", "ipywidgets"} & set(sys.modules)
    assert not heavy, f"{name} loads {heavy}"
"""


OWNERS = {"Run", "Federation", "Recording", "History", "State"}  # what may go, and then is gone
CACHES = {"cache", "lru_cache"}


def annotations(node):
    """The names in the annotations of a function's arguments, or of an assignment."""
    found = [node.annotation] if isinstance(node, ast.AnnAssign) else []
    if isinstance(node, ast.FunctionDef):
        found += [a.annotation for a in (*node.args.args, *node.args.kwonlyargs) if a.annotation]
    return {n.id for one in found for n in ast.walk(one) if isinstance(n, ast.Name)}


def test_no_module_keeps_what_belongs_to_a_run():
    """What is computed of a run or a federation is kept by its memo, and goes with it."""
    for path in sorted(HOUSE.rglob("*.py")):
        tree, where = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(HOUSE)
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                called = [n.func for n in ast.walk(node.value) if isinstance(n, ast.Call)]
                calls = {ast.unparse(func).split(".")[-1] for func in called}
                weak = calls & {"WeakKeyDictionary", "WeakValueDictionary"}
                assert not weak, f"{where}: {ast.unparse(node)}"
                known = isinstance(node.value, ast.Dict | ast.List | ast.Set) or "dict" in calls
                assert not (known and annotations(node) & OWNERS), f"{where}: {ast.unparse(node)}"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = {ast.unparse(d).split("(")[0].split(".")[-1] for d in node.decorator_list}
                assert not (names & CACHES and annotations(node) & OWNERS), f"{where}: {node.name}"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import fedplay", {"matplotlib", "ipywidgets", "sklearn", "pandas", "anywidget", "tqdm"}),
        ("import fedplay as fp; fp.Experiment; fp.run", {"matplotlib", "ipywidgets", "sklearn"}),
        ("import fedplay as fp; fp.run(fp.Experiment(rounds=1))", {"matplotlib", "ipywidgets"}),
        ("import fedplay.views", {"ipywidgets", "matplotlib.pyplot"}),
    ],
)
def test_importing_loads_only_what_is_used(statement, absent):
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not absent & set(done.stdout.split())
