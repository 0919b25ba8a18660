"""What the app takes from the machine, and that it gives the machine back as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from fedplay.app.surroundings import OWN, of_kernel, settled


def test_settings_of_others_are_left_out_and_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_PATH", "IPYTHONDIR", "VOILA_BASE_URL", "MPLBACKEND", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "rubbish")
    monkeypatch.setenv("FEDPLAY_OTHER", "kept")
    before = dict(os.environ)
    with settled(tmp_path):
        assert "rubbish" not in os.environ.values()
        assert os.environ["FEDPLAY_OTHER"] == "kept"
        for name, place in OWN.items():
            assert os.environ[name] == str(tmp_path / place)
            assert (tmp_path / place).is_dir()
        warnings.warn("nobody reads it", stacklevel=1)
    assert dict(os.environ) == before


@pytest.mark.parametrize("home", [None, "", "relative", "/nonexistent", "{file}", "{file}/below"])
def test_a_home_that_is_none_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    (tmp_path / "file").touch()
    if home is None:
        monkeypatch.delenv("HOME", raising=False)
    else:
        monkeypatch.setenv("HOME", home.format(file=tmp_path / "file"))
    with settled(tmp_path):
        assert Path.home().is_absolute()
        assert Path.home().is_dir()


def test_a_home_that_is_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own").mkdir()
    with settled(tmp_path / "own"):
        assert Path.home() == tmp_path


def test_the_list_of_fonts_is_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every start would look for all fonts, which takes seconds where there are many."""
    cache = tmp_path / "cache" / "matplotlib"
    cache.mkdir(parents=True)
    (cache / "fontlist-v1.json").write_text("{}", encoding="utf-8")
    (cache / "tex.cache").mkdir()
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with settled(tmp_path):
        own = Path(os.environ["MPLCONFIGDIR"])
        assert "fontlist-v1.json" in {path.name for path in own.iterdir()}
        assert not (own / "tex.cache").exists()


def test_a_kernel_draws_with_its_own_settings_and_writes_in_the_folder_only(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 7", encoding="utf-8")
    code = "import json, tempfile, matplotlib as m\n"
    code += "print(json.dumps([m.rcParams['figure.dpi'], m.get_backend(), m.get_cachedir(), "
    code += "m.get_configdir(), tempfile.gettempdir()]))"
    os.mkdir(tmp_path / "own")
    with settled(tmp_path / "own"):
        own = os.environ | of_kernel(tmp_path / "own")
        run = [sys.executable, "-c", code]
        said = subprocess.run(run, env=own, cwd="/", capture_output=True, text=True, check=True)
    dpi, backend, *places = json.loads(said.stdout)
    assert (dpi, backend, said.stderr) == (100.0, "agg", "")
    assert all(place.startswith(str(tmp_path / "own")) for place in places)
