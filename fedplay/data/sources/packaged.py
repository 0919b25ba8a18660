"""Tables that other packages bring along, read without importing those packages.

To import scikit-learn takes a second and 120 MB (it brings scipy, and pandas where that is
installed), and all that is wanted of it is a file.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def packaged(package: str, *parts: str) -> Path | None:
    """The file at `parts` inside an installed package, which is not imported; None without one."""
    try:
        found = find_spec(package)
    except ValueError:  # somebody's stand-in for the package, without a spec
        return None
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder).joinpath(*parts)
        if path.is_file():
            return path
    return None
