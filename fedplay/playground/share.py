"""Sharing an experiment: as a link token, Python or JSON, with picture and data files."""

from __future__ import annotations

import base64
from collections.abc import Callable

import ipywidgets
from ipywidgets import Layout

from fedplay import untrusted
from fedplay.experiment import Experiment
from fedplay.untrusted import escape
from fedplay.widgets.buttons import button, fill


def python(exp: Experiment) -> str:
    """The lines that run an experiment; ValueError where it holds what has no name."""
    exp.to_dict()
    return exp.to_python()


FORMS: dict[str, Callable[[Experiment], str]] = {
    "Link": Experiment.to_token,
    "Python": python,
    "JSON": Experiment.to_json,
}
PASTE = "Paste another one here to open it."
TYPES = {"png": "image/png", "svg": "image/svg+xml", "csv": "text/csv"}


def experiment_in(text: str) -> Experiment:
    """The experiment that a person pastes: a token, a link that carries one, or JSON."""
    text = text.strip().removeprefix("\ufeff")  # which some editors begin a file with
    if text.startswith("{"):
        return Experiment.from_json(text)
    return Experiment.from_token(untrusted.token_in(text))


class Share:
    """A panel that is opened by the button of the same name.

    `act(name, *arguments)` runs an action of the screen: another "form", to "copy" the text, to
    "load" what was pasted, or the "files".
    """

    def __init__(self, act: Callable[..., None]) -> None:
        self._exp: Experiment | None = None
        self.unshared = ""  # what no text here carries, as a sentence
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
        self.note = ipywidgets.HTML()
        self.note.add_class("fedplay-note")
        row = ipywidgets.HBox([self.form, self.copy, self.open, self.save, self.note])
        row.add_class("fedplay-bar")
        self.widget = ipywidgets.VBox([row, self.text])
        self.widget.add_class("fedplay-share")
        self.widget.layout.display = "none"

    @property
    def visible(self) -> bool:
        return self.widget.layout.display != "none"

    def fold(self) -> None:
        """Open the panel, with its text in it already, or close it; closed it holds none."""
        if self.visible:
            self.widget.layout.display = "none"
            self.text.value = ""
        else:
            self._fill()
            self.widget.layout.display = None

    def show(self, exp: Experiment) -> None:
        """Follow the experiment in force."""
        if exp != self._exp:
            self._exp = exp
            if self.visible:
                self.write()

    def write(self) -> None:
        """The experiment in the chosen form."""
        if self.visible:
            self._fill()

    def _fill(self) -> None:
        if self._exp is None:
            return
        try:
            self.text.value = FORMS[self.form.value](self._exp)
            self.say(f"{self.unshared} {PASTE}".strip())
        except ValueError as error:
            self.text.value = ""
            self.say(str(error), wrong=True)

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
    where = f"data:{TYPES[ending]};base64,{data}"
    return f'<a download="fedplay.{ending}" href="{where}">{ending.upper()}</a>'
