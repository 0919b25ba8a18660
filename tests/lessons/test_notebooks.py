"""Notebooks run from top to bottom, are kept without outputs, and what they claim holds."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
ROOT = Path(__file__).parents[2]
NOTEBOOKS = [*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "fedplay/app/playground.ipynb"]
SEEDS = range(5)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_and_is_kept_without_outputs(path):
    from nbclient import NotebookClient
    from traitlets.config import Config

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    resources = {"metadata": {"path": str(ROOT)}}
    # Of a port that is chosen for it, another program may be the first user.
    options = Config(KernelManager={"transport": "ipc" if hasattr(socket, "AF_UNIX") else "tcp"})
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources=resources, config=options
    ).execute()
    streams = [o.text for cell in code for o in cell.outputs if o.output_type == "stream"]
    assert not streams, "a warning or print that nobody asked for"
