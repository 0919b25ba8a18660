"""The floors of the house: each part imports only from below, and importing is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "fedplay"

# From the ground up. A module may import from its own floor's own folder, and from lower floors.
FLOORS = [
    {"knobs", "streams", "untrusted", "files", "plain", "scopes"},
    {"registry"},
    {"data", "models", "privacy"},
    {"stages"},
    {"cost"},
    {"experiment"},
    {"presets", "methods"},
    {"engine"},
    {"check"},
    {"views", "lessons"},
    {"widgets"},
    {"app"},
    {"cli"},
    {"__main__"},
]
# The plots are conveniences that reach up to the views, from inside the functions.
DOORS = {(f"engine/{name}.py", "views") for name in ("compare", "history", "newcomer")}


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
