"""Matplotlib's settings while fedplay draws, independent of those of the notebook.

A style sheet, a `matplotlibrc`, or `rcParams` set in a cell are meant for the figures of their
owner. They would put the ticks of ours elsewhere, hand its words to LaTeX, or crop its file.
Matplotlib reads them when an artist is made, when it is drawn and when it is saved, so all three
happen inside `ours()`. A figure that fedplay makes keeps to its own settings whoever saves it; on
axes that are handed in, their owner's hold.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from fedplay.scopes import Entered

# Not how a picture looks, but where it appears and what its owner can do with it.
THEIRS: tuple[str, ...] = (
    "backend",
    "date.",
    "figure.max_open_warning",
    "figure.raise_window",
    "interactive",
)
THEIRS += ("keymap.", "timezone", "tk.", "toolbar", "webagg.")

SALT = "fedplay"
# Names from data may be in any script. Of these families those that are installed are asked for
# what the first font lacks; what none of them has is drawn as a box.
FAMILIES = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR"),
    *("Source Han Sans", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("Hiragino Sans", "PingFang SC", "Heiti TC", "Apple SD Gothic Neo"),
    *("Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "SimHei", "Arial Unicode MS"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Bengali"),
    *("Noto Sans Tamil", "Noto Sans Thai", "Segoe UI", "Nirmala UI", "Leelawadee UI"),
    *("Noto Emoji", "Noto Sans Symbols 2", "Noto Sans Symbols2", "Symbola", "Segoe UI Symbol"),
)


_entered = Entered()  # of the process, as the settings are


@contextmanager
def ours() -> Iterator[None]:
    """Inside, matplotlib has our settings, and says nothing of characters that no font has.

    It costs little more than copying a dict; `rc_context` checks every value anew, which takes a
    good part of a frame. Never let anything else run inside, by `await` or `yield`.
    """
    if not _entered.by(sys._getframe(2), _present, _are_ours):  # past contextlib's frame
        yield
        return
    now: Any = matplotlib.rcParams
    try:
        dict.update(now, _settings())
        with warnings.catch_warnings():
            # Names come from anywhere: that a font lacks a character is no news to who looks on.
            warnings.filterwarnings("ignore", "Glyph |Matplotlib currently does not support")
            yield
    finally:
        dict.update(now, _entered.before)
        _entered.first = None


def _present() -> dict[str, Any]:
    """The settings, but for those that stay: pyplot may set the backend meanwhile."""
    now: Any = matplotlib.rcParams
    found = dict(dict.items(now))
    for name in _theirs():
        del found[name]
    return found


def _are_ours(settings: Any) -> bool:
    """Told by one of them."""
    return dict.get(settings, "svg.hashsalt") == SALT


def on_new_axes(plot: Callable[[Any, Any], Any], what: Any) -> Any:
    """`plot(what, axes)` on the axes of a new pyplot figure, which a notebook shows by itself."""
    import matplotlib.pyplot as plt  # only here: a figure that nobody else would show

    with ours():
        return plot(what, plt.figure(FigureClass=OwnFigure, layout="constrained").add_subplot())


def new_figure(size: tuple[float, float], dpi: float) -> WholeFigure:
    """An empty pyplot figure, `size` in inches, that is shown and saved as it is."""
    import matplotlib.pyplot as plt

    with ours():
        made: Any = plt.figure(FigureClass=WholeFigure, figsize=size, dpi=dpi)
    found: WholeFigure = made
    return found


def plain_legend(ax: Any, **style: Any) -> None:
    """A legend whose words are neither mathematics nor LaTeX: they may come from anywhere."""
    legend = ax.legend(frameon=False, loc="best", **style)
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_usetex(False)
        text.set_parse_math(False)


class OwnFigure(Figure):
    """A figure that keeps to our settings, whichever code draws or saves it."""

    def draw(self, renderer: Any) -> None:
        with ours():
            super().draw(renderer)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        with ours():
            super().savefig(*args, **kwargs)


class WholeFigure(OwnFigure):
    """A figure whose margins are a part of it: a notebook that crops pictures leaves them alone."""

    def get_tightbbox(self, *_args: Any, **_kwargs: Any) -> Any:
        return self.bbox_inches

    def _ipython_display_(self) -> None:
        """Show it as the value of a cell, once: pyplot would show it again after the cell."""
        import matplotlib.pyplot as plt
        from IPython import display

        content = io.BytesIO()
        self.savefig(content, format="png")
        show: Any = display.display
        wide = {"width": round(72 * self.get_size_inches()[0])}  # however many dots it has
        data = {"image/png": content.getvalue(), "text/plain": repr(self)}
        show(data, metadata={"image/png": wide}, raw=True)
        if "inline" in matplotlib.get_backend().lower():
            plt.close(self)


@cache
def _settings() -> dict[str, Any]:
    """Matplotlib's own defaults, whatever its user prefers, and a few of ours."""
    defaults: Any = matplotlib.rcParamsDefault
    found = dict(dict.items(defaults))
    for name in _theirs():
        found.pop(name, None)
    installed = set(fontManager.get_font_names())
    found["font.family"] = ["sans-serif", *(name for name in FAMILIES if name in installed)]
    found["svg.hashsalt"] = SALT  # the same picture is the same file
    return found


@cache
def _theirs() -> tuple[str, ...]:
    """The names of the settings that we leave alone."""
    names: Any = matplotlib.rcParams
    return tuple(name for name in names if name.startswith(THEIRS))
