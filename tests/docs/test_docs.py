"""What the documents show is run: code blocks, doctests, and the pins of Binder."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fedplay

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S))
]
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(fedplay.__path__, "fedplay.")
    if not name.endswith("__main__")
]


@pytest.mark.parametrize("block", BLOCKS)
def test_code_blocks_run(block, tmp_path):
    """Each in a process of its own, since an example may register a method."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_links_lead_to_files_that_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_binder_pins_all_that_fedplay_needs():
    import tomllib

    pins = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    pinned = {line.split("==")[0] for line in pins if line and not line.startswith("#")}
    assert all("==" in line for line in pins if line and not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=;\s]", one)[0] for one in project["dependencies"]}
    assert needed <= pinned
    assert not any((ROOT / "binder" / name).exists() for name in ("apt.txt", "environment.yml"))
