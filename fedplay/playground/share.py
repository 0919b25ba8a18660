"""Sharing an experiment: as a link, Python or JSON, with picture and data files."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from urllib.parse import unquote

import ipywidgets
from ipywidgets import Layout

from fedplay import untrusted
from fedplay.data import TableFile
from fedplay.experiment import Experiment
from fedplay.labs import Lab
from fedplay.labs.links import Opened, opened_by, token_of
from fedplay.playground.addresses import Link, link_to
from fedplay.playground.qr_code import NoCode, qr_code
from fedplay.untrusted import escape
from fedplay.widgets.buttons import button, display, fill


def python(exp: Experiment) -> str:
    """The lines that run an experiment; ValueError where it holds what has no name."""
    exp.to_dict()
    return exp.to_python()


def link(exp: Experiment, address: str, opened: Opened | None = None) -> Link:
    """The link to an experiment, or to the step of a lab with it, from a page at an address.

    ValueError where there is none.
    """
    if isinstance(exp.source, TableFile):
        raise ValueError(
            "A link carries the names of built-in data only: choose Python, and hand on "
            f"{exp.source.name} with it."
        )
    token = exp.to_token() if opened is None else token_of(opened)
    return link_to(token, address, os.environ)


FORMS = ("Link", "Python", "JSON", "Lab")
PASTE = "Paste another one here to open it."
TYPES = {"png": "image/png", "svg": "image/svg+xml", "csv": "text/csv", "zip": "application/zip"}


def pasted(text: str) -> Experiment | Opened:
    """What a person pastes, of an experiment or a lab: a token, a link that carries it, or JSON."""
    text = text.strip().removeprefix("\ufeff")  # which some editors begin a file with
    if not text.startswith("{"):
        text = untrusted.token_in(unquote(text))  # Binder's link is quoted
    opened = opened_by(text)
    if opened is not None:
        return opened
    return Experiment.from_json(text) if text.startswith("{") else Experiment.from_token(text)


class Share:
    """A panel that is opened by the button of the same name.

    `act(name, *arguments)` runs an action of the screen: another "form", to "copy" the text, to
    "load" what was pasted, the "code" of the link, or the "files".
    """

    def __init__(self, act: Callable[..., None]) -> None:
        self._exp: Experiment | None = None
        self._opened: Opened | None = None  # the lab that is open, with what is in force
        self.unshared = ""  # what no text here carries, as a sentence
        self.address = ""  # of the page, once it has said so
        self._coded = False  # whether the link is shown as a code, too
        self.form = ipywidgets.ToggleButtons(options=list(FORMS), layout=Layout(width="auto"))
        self.form.observe(lambda _: act("form"), "index")
        self.form.add_class("fedplay-tabs")
        self.text = ipywidgets.Textarea(
            tooltip="The experiment as text; paste another one to open it",
            layout=Layout(width="100%", height="62px"),
        )
        self.copy = button("Copy", "copy", "Put this on the clipboard", lambda: act("copy"))
        self.open = button(
            "Open",
            "folder-open",
            "Paste a link or JSON above, and open it",
            lambda: act("load", self.text.value),
        )
        self.save = button(
            "Save …", "download", "The picture and the data as files", lambda: act("files")
        )
        self.code = button(
            "QR", "qrcode", "Show the link as a QR code, for phones", lambda: act("code")
        )
        self.picture = ipywidgets.HTML()
        self.picture.add_class("fedplay-qr")
        self.picture.layout.display = "none"
        self.note = ipywidgets.HTML()
        self.note.add_class("fedplay-note")
        row = ipywidgets.HBox([self.form, self.copy, self.open, self.code, self.save, self.note])
        row.add_class("fedplay-bar")
        self.widget = ipywidgets.VBox([row, self.text, self.picture])
        self.widget.add_class("fedplay-share")
        self.widget.layout.display = "none"

    @property
    def visible(self) -> bool:
        return self.widget.layout.display != "none"

    def fold(self) -> None:
        """Open the panel, with its text in it already, or close it; closed it holds none."""
        if self.visible:
            self.widget.layout.display = "none"
            self.text.value = self.picture.value = ""
        else:
            self._fill()
            self.widget.layout.display = None

    def show(self, exp: Experiment, lab: Lab, at: int) -> None:
        """Follow the experiment in force, and the step of the lab that is open."""
        opened = Opened(lab, at, exp) if lab.steps else None
        if (exp, opened) != (self._exp, self._opened):
            self._exp, self._opened = exp, opened
            if self.visible:
                self.write()

    def at(self, address: str) -> None:
        """The page is at this address."""
        if address != self.address:
            self.address = address
            self.write()

    def toggle_code(self) -> None:
        """Show the link as a QR code, or hide it."""
        self._coded = not self._coded
        if self._coded:
            self.form.value = "Link"
        self.write()

    def write(self) -> None:
        """The experiment in the chosen form."""
        if self.visible:
            self._fill()

    def _fill(self) -> None:
        if self._exp is None:
            return
        display(self.picture, False)
        try:
            found = self._written(self._exp)
            fill(self.text, value=found.text)
            self.say(" ".join(filter(None, [found.note, self.unshared, PASTE])))
            if self._coded and self.form.value == "Link":
                self._draw_code(found.text)
        except ValueError as error:
            if not isinstance(error, NoCode):
                fill(self.text, value="")
            self.say(str(error), wrong=True)

    def _written(self, exp: Experiment) -> Link:
        """The experiment in the chosen form, and what is to be said of it."""
        if self.form.value == "Link":
            return link(exp, self.address, self._opened)
        if self.form.value == "Lab":
            if self._opened is None:
                raise ValueError("No lab is open: this one is free play.")
            return Link(self._opened.lab.to_json(), "A file with it opens the lab anywhere.")
        return Link(python(exp) if self.form.value == "Python" else exp.to_json(), "")

    def _draw_code(self, text: str) -> None:
        words = "QR code of the link above"
        fill(self.picture, value=f'<img alt="{words}" src="{escape(qr_code(text))}">')
        display(self.picture, True)

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        kind = "fedplay-alarm" if wrong else ""
        self._tell(f'<span class="{kind}">{escape(sentence)}</span>')

    def files(self, contents: dict[str, bytes]) -> None:
        """Offer files, by their ending."""
        links = [_link(ending, content) for ending, content in contents.items()]
        self._tell("Save as " + " · ".join(links))

    def _tell(self, html: str) -> None:
        fill(self.note, value=html)


def _link(ending: str, content: bytes) -> str:
    data = base64.b64encode(content).decode("ascii")
    whole = ending if "." in ending else f"fedplay.{ending}"
    where = f"data:{TYPES[whole.rpartition('.')[2]]};base64,{data}"
    word = escape(ending if "." in ending else ending.upper())
    return f'<a download="{escape(whole)}" href="{where}">{word}</a>'
