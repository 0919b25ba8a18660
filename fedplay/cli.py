"""The command line: `fedplay show`, `fedplay run`, `fedplay doctor`.

The exit status is 0; 2 where what was asked for is refused, before anything is computed; 1 where
something fails on the way; 130 after Ctrl-C. Of an error there is one sentence.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import io
import itertools
import os
import platform
import shutil
import stat
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import fedplay
from fedplay.files import check_writable, same_file

if TYPE_CHECKING:  # at run time each command loads what it needs: the doctor can do without
    from fedplay.engine import History
    from fedplay.experiment import Experiment

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
STDIN = "-"


class Failure(Exception):
    """One sentence on what went wrong while a command was at work."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # η must not end a run on an ASCII terminal
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            options = _parser().parse_args(arguments)
            return int(options.command(options))
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except ValueError as error:
        return _complain(error, REFUSED)
    except BrokenPipeError:  # whoever read along has seen enough
        _drop_stdout()
        return FAILED
    except OSError as error:
        _drop_stdout()
        return _complain(error.strerror or error, FAILED)
    except Failure as error:
        return _complain(error, FAILED)
    except ImportError as error:
        return _complain(f"{error} (`fedplay doctor` says what is missing)", FAILED)
    except MemoryError:
        return _complain("there is not enough memory", FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)


def _complain(error: object, status: int) -> int:
    """Say it, where anybody listens; returns the exit status."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"fedplay: {error}", file=sys.stderr)
    return status


def _drop_stdout() -> None:
    """What could not be written is not tried again when Python ends."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    run.add_argument(
        "experiment", help="a JSON file, as Experiment.to_json() writes it; - for standard input"
    )
    run.add_argument("-o", "--output", default="history.npz", help="(default: %(default)s)")
    run.add_argument("--table", help="also write the curves as this CSV file")
    run.add_argument(
        "--data", action="append", default=[],
        help="a CSV file: the one that the experiment was made with, under any name, or one that "
        "replaces its data",
    )  # fmt: skip
    run.add_argument(
        "--max-memory", type=_amount, metavar="MB",
        help="refuse a run that needs more memory (default: 256)",
    )  # fmt: skip
    run.add_argument(
        "--max-seconds", type=_amount, metavar="S",
        help="refuse a run that takes one core longer (default: about 60)",
    )  # fmt: skip
    run.set_defaults(command=_run)

    doctor = commands.add_parser(
        "doctor", help="print which versions are installed and what is missing"
    )
    doctor.set_defaults(command=_doctor)
    return parser


def _amount(text: str) -> float:
    amount = float(text)
    if not amount > 0:
        raise ValueError
    return amount


_amount.__name__ = "number above 0"  # as argparse calls it where a text is none


def _show(options: argparse.Namespace) -> int:
    try:
        from fedplay.app.serve import serve
    except ImportError as error:
        raise Failure(f"the app needs Voilà: python -m pip install voila ({error})") from error
    serve(options.port, options.browser)
    return DONE


# --- run ------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from fedplay.cost import LIMIT, Limit
    from fedplay.engine import History
    from fedplay.engine.loop import Run, stream

    exp = _experiment(options.experiment, options.data)
    paths = [path for path in (options.output, options.table) if path is not None]
    _check_outputs(paths, [path for path in (options.experiment, *options.data) if path != STDIN])
    memory = LIMIT.bytes if options.max_memory is None else options.max_memory * 1e6
    seconds = LIMIT.seconds if options.max_seconds is None else options.max_seconds
    run = Run(exp, limit=Limit(memory, seconds))
    quiet = None if sys.stderr is not None else True  # None: shown on a terminal only
    rounds = tqdm(stream(run), total=exp.rounds + 1, unit="round", disable=quiet)
    history = History.of(run, rounds)

    written, status = [], DONE
    writers: list[Callable[[str], Any]] = [history.save, history.to_csv]
    for write, path in zip(writers, paths, strict=False):
        try:
            write(path)
            written.append(path)
        except (OSError, ValueError) as error:  # the other file is still wanted
            status = _complain(error, FAILED)
    words = _words_beside(written)
    print(" ".join(filter(None, [_summary(history), history.state.sentence])), file=words)
    if written:
        print(f"Written: {', '.join(written)}", file=words)
    return status


def _experiment(path: str, tables: list[str]) -> Experiment:
    """The experiment of a file, with a table of one's own put in before anything is checked."""
    from fedplay.data import TableFile, load_csv
    from fedplay.experiment import Experiment
    from fedplay.untrusted import json_object

    with _about(path):
        given = json_object(_content(path))
        named = given.get("data")
        csv = isinstance(named, str) and named.startswith("csv:")
        wanted = TableFile(str(named)) if csv else None
    if len(tables) > 1:
        raise ValueError(f"--data: can be given once, not {len(tables)} times")
    for table in tables:
        with _about(table):
            given["data"] = load_csv(table)
            if wanted is not None and wanted != TableFile(given["data"]):
                raise ValueError(
                    f"is not the file that the experiment runs on, {wanted.name} "
                    f"with a SHA-256 that begins with {wanted.digest}"
                )
    with _about(path):
        exp = Experiment.from_dict(given)
        if isinstance(exp.source, TableFile) and not exp.source.present:
            raise ValueError(f"runs on {exp.source.name}, a CSV file: give it with --data")
    return exp


def _content(path: str) -> bytes:
    """What is in the experiment's file, or comes from standard input."""
    from fedplay.untrusted import JSON_BYTES, file_bytes

    if path != STDIN:
        return file_bytes(path, JSON_BYTES)
    if sys.stdin is None:
        raise ValueError("standard input is closed")
    return sys.stdin.buffer.read(JSON_BYTES + 1)


@contextlib.contextmanager
def _about(path: str) -> Iterator[None]:
    """Inside: what is wrong is said of this file."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error


def _check_outputs(outputs: list[str], inputs: list[str]) -> None:
    """ValueError, before there is anything to lose, where the results could not be written."""
    for path in outputs:
        try:
            check_writable(path)
        except OSError as error:
            raise ValueError(str(error)) from error
    for one, other in itertools.combinations([*inputs, *outputs], 2):
        if other in outputs and same_file(one, other):
            raise ValueError(
                f"{one}, {other}: are the same file, and one would overwrite the other"
            )


def _words_beside(results: list[str]) -> TextIO | None:
    """Where to say what was done: not where a result goes, as with -o /dev/stdout."""
    with contextlib.suppress(OSError, AttributeError):
        out = os.fstat(sys.stdout.fileno())
        results = [path for path in results if os.path.samestat(os.stat(path), out)]
        if results and not stat.S_ISCHR(out.st_mode):
            return sys.stderr
    return sys.stdout


def _summary(history: History) -> str:
    """The end of a run in a sentence; means are over the clients that hold something out."""
    exp = history.experiment
    if history.diverged is not None:
        return f"Diverged in round {history.diverged} of {history.rounds}."
    if exp.stage("model").score == "loss":
        score = f"loss {history.loss[-1]:.4g}"
    else:
        score = f"accuracy {_share(history.accuracy[-1])} on the global test set, {_own(history)}"
    spent = history.epsilon[-1]
    private = "no privacy" if spent == float("inf") else f"ε {spent:.2f}"
    sent = f"{history.bytes_up[-1] / 1e6:.1f} MB sent by clients"
    return f"{history.rounds} rounds: {score}, {sent}, {private}."


def _own(history: History) -> str:
    """The clients' mean accuracies in words, and of how many where they are not of all."""
    held, N = int(history.judged.sum()), len(history.panel)
    if not held:
        return "no client holds data out"
    last = (history.client_accuracy[-1], history.personal_accuracy, history.local_accuracy)
    shared, personal, alone = (_share(history.own_mean(accuracy)) for accuracy in last)
    of = "" if held == N else f"; means of {held:,} of {N:,} clients"
    return f"{shared} on the clients' own data ({personal} personalised, {alone} local only{of})"


def _share(accuracy: float) -> str:
    return f"{accuracy:.3f}" if accuracy == accuracy else "unknown"


# --- doctor ---------------------------------------------------------------------------------------

NEEDED = ("numpy", "scikit-learn", "matplotlib", "ipywidgets", "tqdm", "threadpoolctl")
WITHOUT = {  # what is lost where a package is missing
    "anywidget": "the picture is redrawn more slowly, and does not follow the pointer",
    "voila": "`fedplay show` cannot open the app; notebooks work",
    "ipykernel": "`fedplay show` cannot open the app",
    "pandas": "History.to_frame() is not available; to_csv() is",
    "dp-accounting": "the tests cannot compare ε with it; fedplay's own accountant needs nothing",
}
MODULES = {"scikit-learn": "sklearn", "dp-accounting": "dp_accounting"}  # of other names


def _doctor(options: argparse.Namespace) -> int:
    print(f"fedplay {fedplay.__version__}, Python {platform.python_version()}, {sys.platform}")
    well = [_line(name, "needed, and missing") for name in NEEDED]
    for name, loss in WITHOUT.items():
        _line(name, f"missing: {loss}")
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "firefox"))), None)
    print(f"{'browser':<15} {browser or 'none found by name; open the address by hand'}")
    works, words = _tried_out()
    print(f"{'engine':<15} {words}")
    return DONE if all(well) and works else FAILED


def _line(name: str, otherwise: str) -> bool:
    """Print a package's version, or what its absence means; whether it is there and loads."""
    try:
        version = importlib.metadata.version(name) or "of unknown version"
    except importlib.metadata.PackageNotFoundError:
        print(f"{name:<15} {otherwise}")
        return False
    broken = _broken(MODULES.get(name, name))
    print(f"{name:<15} {version}" + (f", but cannot be loaded: {broken}" if broken else ""))
    return not broken


def _broken(module: str) -> str:
    """Why a module cannot be imported, in a line; empty where it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(module)
    except Exception as error:  # of another's code, which may raise anything
        return _in_a_line(error)
    return ""


def _tried_out() -> tuple[bool, str]:
    """Whether the engine works, and what came of it."""
    try:
        history = fedplay.run(fedplay.Experiment(rounds=2))
    except Exception as error:  # this is what a doctor is asked for
        return False, f"fails: {_in_a_line(error)}"
    return True, f"works: two rounds, accuracy {history.accuracy[-1]:.3f}"


def _in_a_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
