"""Environment of the app's processes: no settings of the machine that could break or open it.

Jupyter, IPython and matplotlib read settings, start-up files and variables from many places, and
keep histories, keys and caches in the home. Here all of them are pointed at the app's own folder.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Variables that choose settings of theirs, or run code in a kernel.
FOREIGN = ("IPYTHON", "JPY_", "JUPYTER_", "MATPLOTLIB", "MPL", "VOILA_", "PYTHONWARNINGS")
OWN = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "MPLCONFIGDIR": "matplotlib",
}


@contextmanager
def settled(folder: Path) -> Iterator[None]:
    """Let this process and its kernels know no other place than `folder`, and no warnings."""
    before = dict(os.environ)
    fonts = _font_lists()
    for name in before:
        if name.startswith(FOREIGN):
            del os.environ[name]
    for name, place in OWN.items():
        (folder / place).mkdir(mode=0o700)
        os.environ[name] = str(folder / place)
    for path in fonts:  # where many fonts are installed, finding them takes seconds
        with suppress(OSError):
            shutil.copyfile(path, folder / OWN["MPLCONFIGDIR"] / path.name)
    if not (_home().is_absolute() and _home().is_dir()):
        os.environ["HOME"] = str(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def of_kernel(folder: Path) -> dict[str, str]:
    """Environment variables of a kernel, which keep caches and temporary files in one folder too.

    A kernel has no use for a window, and a browser that this process opens keeps its own places.
    """
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME"), str(folder))
    return {"MPLBACKEND": "agg", "PYTHONSTARTUP": ""} | temporary


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # which, unlike Path.home(), always has an answer


def _font_lists() -> list[Path]:
    """The lists of fonts that this user's matplotlib has made, of any version."""
    own, cache = os.environ.get("MPLCONFIGDIR"), os.environ.get("XDG_CACHE_HOME")
    caches = [Path(cache) if cache else _home() / ".cache"]
    places = [Path(own)] if own else [*(c / "matplotlib" for c in caches), _home() / ".matplotlib"]
    with suppress(OSError):
        return [path for place in places for path in place.glob("fontlist-*.json")]
    return []
