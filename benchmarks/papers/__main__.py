"""Runs the experiments of all papers, or of those named, and writes README.md anew."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.papers import fedprox, mcmahan, scaffold

HERE = Path(__file__).parent
PAPERS = {"mcmahan": mcmahan, "fedprox": fedprox, "scaffold": scaffold}


def readme(results: dict[str, Any]) -> str:
    """The whole page, from the numbers alone."""
    names = [name for name in PAPERS if name in results]
    took = {name: results[name]["seconds"] for name in names}
    each = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
    parts = [PAPERS[name].report(results[name]) for name in names]
    return f"""# fedplay beside the papers

Written by `make papers`, in {sum(took.values()) / 60:.1f} minutes of one core
({each}); the numbers by seed are in [results.json](results.json).
Sentences that begin with "Where it differs" are where these results disagree with a paper; one that
began with "NOT SO" would be a finding that the numbers no longer bear out. The papers' numbers are
as published. A learning rate is chosen by three seeds that the tables do not use.

{chr(10).join(parts)}"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.papers", description=__doc__)
    parser.add_argument("papers", nargs="*", help=f"of {', '.join(PAPERS)}; all by default")
    parser.add_argument("--report", action="store_true", help="run nothing, only write the page")
    given = parser.parse_args()
    file = HERE / "results.json"
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name in [] if given.report else given.papers or PAPERS:
        started = time.process_time()
        results[name] = PAPERS[name].measure()
        results[name]["seconds"] = time.process_time() - started
        file.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        print(PAPERS[name].report(results[name]), flush=True)
    (HERE / "README.md").write_text(readme(results), "utf-8")


if __name__ == "__main__":
    main()
