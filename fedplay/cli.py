"""The command line: `fedplay show`, `fedplay run`, `fedplay doctor`."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import fedplay
from fedplay.cost import LIMIT, Limit
from fedplay.data import load_csv
from fedplay.engine import History
from fedplay.engine.loop import Run, stream
from fedplay.experiment import Experiment

BIGGEST = 64 * 1024  # bytes of an experiment file


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (ValueError, OSError) as error:
        print(f"fedplay: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fedplay", description="Play with a real federation: federated learning in a browser."
    )
    parser.add_argument("--version", action="version", version=f"fedplay {fedplay.__version__}")
    parser.set_defaults(command=_show, port=None, browser=True)
    commands = parser.add_subparsers(title="commands", metavar="")

    show = commands.add_parser("show", help="open the playground in a browser (the default)")
    show.add_argument("--port", type=int, default=None, help="the port (default: any free one)")
    show.add_argument(
        "--no-browser", dest="browser", action="store_false", help="only print the address"
    )
    show.set_defaults(command=_show)

    run = commands.add_parser("run", help="run an experiment file without a screen")
    run.add_argument("experiment", type=Path, help="a JSON file, as Experiment.to_json() writes it")
    run.add_argument(
        "-o", "--output", type=Path, default=Path("history.npz"), help="(default: %(default)s)"
    )
    run.add_argument("--table", type=Path, help="also write the curves as this CSV file")
    run.add_argument("--data", type=Path, help="a CSV file of your own for the experiment to use")
    run.add_argument(
        "--max-memory", type=float, metavar="MB", default=LIMIT.bytes / 1e6,
        help="refuse a run that needs more memory (default: %(default)g)",
    )  # fmt: skip
    run.add_argument(
        "--max-seconds", type=float, metavar="S", default=LIMIT.seconds,
        help="refuse a run that takes one core longer (default: about %(default)g)",
    )  # fmt: skip
    run.set_defaults(command=_run)

    doctor = commands.add_parser("doctor", help="say which versions are here and what is missing")
    doctor.set_defaults(command=_doctor)
    return parser


def _show(options: argparse.Namespace) -> int:
    try:
        from fedplay.app.serve import serve
    except ImportError as error:
        raise ValueError(f"the app needs Voilà: python -m pip install voila ({error})") from error
    serve(options.port, options.browser)
    return 0


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    with options.experiment.open("rb") as file:
        text = file.read(BIGGEST + 1)
    key = load_csv(options.data) if options.data else None
    try:
        exp = Experiment.from_json(text)
        exp = exp.replace(data=key) if key else exp
    except ValueError as error:
        raise ValueError(f"{options.experiment}: {error}") from error
    run = Run(exp, limit=Limit(options.max_memory * 1e6, options.max_seconds))
    rounds = tqdm(stream(run), total=exp.rounds + 1, unit="round", disable=None)
    history = History.of(run, rounds)
    history.save(options.output)
    if options.table:
        history.to_csv(options.table)
    print(_summary(history))
    print(f"Written: {options.output}" + (f", {options.table}" if options.table else ""))
    return 0


def _summary(history: History) -> str:
    if history.diverged is not None:
        return f"Diverged in round {history.diverged} of {history.rounds}."
    spent = history.epsilon[-1]
    private = "no privacy" if spent == float("inf") else f"ε {spent:.2f}"
    loss = history.experiment.stage("model").score == "loss"
    how = f"loss {history.loss[-1]:.4g}" if loss else f"accuracy {history.accuracy[-1]:.3f}"
    return (
        f"{history.rounds} rounds: {how} on the global test set, {'' if loss else _own(history)}"
        f"{history.bytes_up[-1] / 1e6:.1f} MB sent by clients, {private}."
    )


def _own(history: History) -> str:
    """The means over the clients that hold something out, and how many these are."""
    many, N = int(history.judged.sum()), len(history.panel)
    if not many:
        return "no client holds anything out to be judged by, "
    whose = "the clients' own data"
    if many < N:
        whose = f"what {many} of {N} clients hold out (the others hold out nothing)"
    mean = history.own_mean
    return (
        f"{mean(history.client_accuracy[-1]):.3f} on {whose} "
        f"({mean(history.personal_accuracy):.3f} personalised, "
        f"{mean(history.local_accuracy):.3f} local only), "
    )


NEEDED = ("numpy", "scikit-learn", "matplotlib", "ipywidgets", "tqdm", "threadpoolctl")
WITHOUT = {  # what is lost where a package is missing
    "anywidget": "the picture is redrawn more slowly, and does not follow the pointer",
    "voila": "`fedplay show` cannot open the app; notebooks work",
    "ipykernel": "`fedplay show` cannot open the app",
    "pandas": "History.to_frame() is not available; to_csv() is",
    "dp-accounting": "the tests cannot compare ε with it; fedplay's own accountant needs nothing",
}


def _doctor(options: argparse.Namespace) -> int:
    print(f"fedplay {fedplay.__version__}, Python {platform.python_version()}, {sys.platform}")
    missing = [name for name in NEEDED if not _line(name, "needed, and missing")]
    for name, loss in WITHOUT.items():
        _line(name, f"missing: {loss}")
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "firefox"))), None)
    print(f"{'browser':<15} {browser or 'none found by name; open the address by hand'}")
    history = History.of(run := Run(Experiment(rounds=2)), stream(run))
    print(f"{'engine':<15} works: two rounds, accuracy {history.accuracy[-1]:.3f}")
    return 1 if missing else 0


def _line(name: str, otherwise: str) -> bool:
    """Print a package's version, or what its absence means; whether it is there."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        print(f"{name:<15} {otherwise}")
        return False
    print(f"{name:<15} {version}")
    return True
