"""What there is on a screen as files: the picture with its settings below it, the data, the
experiment, and all of it in one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from fedplay import __version__
from fedplay.engine import History
from fedplay.experiment import Experiment
from fedplay.playground.share import python
from fedplay.plots.small_print import LINE, small_print
from fedplay.plots.view import ABOVE, BELOW, LEFT, length, write_below
from fedplay.runs.given import Party
from fedplay.session.session import Session
from fedplay.views.board import Board

UNDATED = (1980, 1, 1, 0, 0, 0)  # the same files make the same ZIP
TELLS: dict[str, str] = {
    "fedplay.png": "the picture on the screen, with its settings",
    "fedplay.svg": "the same, to be enlarged",
    "fedplay.csv": "a row for every round up to the one that is shown",
    "experiment.json": "the experiment; paste it into Share to open it",
    "experiment.py": "the lines that run it anywhere",
}


def files_of(session: Session, board: Board) -> dict[str, bytes]:
    """The picture, the data, and everything in a ZIP, by the ending of the file's name.

    While an answer is hidden there are no data.
    """
    player = session.player
    rec = player.shown
    history = rec.until(player.revealed) if rec is not None and rec.n else None
    exp = session.experiment if rec is None else rec.exp
    words = _words(session, exp, history, board)
    found = {form: picture(board, words, form) for form in ("png", "svg")}
    if history is not None and not session.veiled:
        found["csv"] = history.to_csv().encode()
    return found | {"zip": bundle(exp, found)}


def _words(session: Session, exp: Experiment, history: History | None, board: Board) -> list[str]:
    """The small print of the picture."""
    player = session.player
    run = "not run yet"
    if session.veiled:
        run = "results hidden"
    elif history is not None:
        at = exp.rounds if player.mode == "whole" and player.at == exp.rounds else player.at
        run = length(history, exp.rounds, at)
    more = ["with a client of your own"] if isinstance(player.data, Party) else []
    return small_print(exp, run, board.canvas.width - 2 * LEFT, *more)


def picture(board: Board, words: list[str], form: str) -> bytes:
    """The picture as a file, with lines of small print below it."""
    figure = board.canvas.figure
    before = len(figure.texts)
    write_below(figure, words, board.look, 0)  # below the figure's own edge
    try:
        return board.canvas.file(form, below=ABOVE + LINE * len(words) + BELOW)
    finally:
        for text in figure.texts[before:]:
            text.remove()


def bundle(exp: Experiment, found: Mapping[str, bytes]) -> bytes:
    """Files by their ending, and the experiment, in one ZIP, with a line on each."""
    files = {f"fedplay.{ending}": content for ending, content in found.items()}
    forms: dict[str, Callable[[Experiment], str]] = {
        "experiment.json": Experiment.to_json,
        "experiment.py": python,
    }
    try:
        files |= {name: form(exp).encode() for name, form in forms.items()}
    except ValueError as error:  # a stage of somebody's own that has no name
        files["experiment.txt"] = f"{exp!r}\n\n{error}\n".encode()
    lines = [f"Made with fedplay {__version__}.", ""]
    lines += [f"{name}: {TELLS[name]}" for name in files if name in TELLS]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, bytes_ in {"README.txt": "\n".join(lines).encode() + b"\n", **files}.items():
            info = zipfile.ZipInfo(f"fedplay/{name}", UNDATED)
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, bytes_)
    return content.getvalue()
