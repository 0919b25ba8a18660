"""The points of a view's contract that are checked on its picture."""

from __future__ import annotations

import io
import random
from dataclasses import replace

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.axis import Tick
from matplotlib.image import imread

from fedplay.check.asking import Broken, Skipped
from fedplay.check.view_bench import CASES, SIZE, Drawn, Seen, ViewBench, grid, pixels_apart
from fedplay.check.view_letters import in_letters
from fedplay.drawing.figure import DOTS, RGBA
from fedplay.views.scene import Ghost, Scene

SIZES = (SIZE, (1200, 420))
TINY = (320, 110)  # where nothing has room: it is drawn without an error
NARROW = (480, 180)  # so narrow that a heading may be cut at the edge of the picture
RATIOS = (1.0, 1.5, 2.0)
MARGIN = 24  # css pixels around a box, of which nothing may be drawn on
SPILL = 6  # of which a letter or a mark may use so many: half of what is between two views
FINER = 6  # of 255: by so much a picture of twice the pixels may differ on average
FAR, FEW = 24, 0.005  # of 255 by which a pixel of a file may differ, but for one in 200
PALE = 1 / 3  # of its colourfulness a picture of another run may keep
EVERY = 6  # of the scenes of a walk one is held against a new view
STRANGE = {
    "font.family": "serif", "font.size": 31, "font.weight": "bold", "text.color": "green",
    "text.parse_math": False, "text.antialiased": False, "text.hinting": "none",
    "figure.facecolor": "blue", "figure.figsize": (2, 2), "figure.dpi": 200,
    "figure.constrained_layout.use": True,
    "axes.facecolor": "red", "axes.labelcolor": "red", "axes.labelsize": 30, "axes.linewidth": 5,
    "axes.grid": True, "axes.axisbelow": False, "axes.spines.top": False, "axes.xmargin": 0.4,
    "axes.unicode_minus": False, "axes.formatter.use_mathtext": True, "grid.color": "k",
    "axes.autolimit_mode": "round_numbers",
    "axes.prop_cycle": cycler(color=["r", "k"], linestyle=["--", ":"]),
    "xtick.direction": "in", "xtick.major.size": 14, "xtick.minor.visible": True,
    "xtick.top": True, "ytick.right": True, "ytick.labelright": True, "ytick.color": "red",
    "xtick.color": "red", "ytick.left": False, "legend.frameon": True, "legend.loc": "center",
    "lines.linewidth": 9, "lines.linestyle": ":", "lines.marker": "o", "lines.scale_dashes": False,
    "lines.antialiased": False, "scatter.marker": "s", "patch.linewidth": 5,
    "patch.antialiased": False, "patch.force_edgecolor": True, "patch.edgecolor": "r",
    "path.snap": False, "path.simplify": False, "path.sketch": (1, 100, 2),
    "agg.path.chunksize": 10, "image.cmap": "jet", "image.origin": "lower",
    "image.interpolation": "bilinear", "legend.fontsize": 20, "mathtext.fontset": "cm",
    "savefig.bbox": "tight", "savefig.pad_inches": 3, "savefig.transparent": True,
    "savefig.dpi": 300, "savefig.facecolor": "red", "savefig.format": "pdf",
    "svg.fonttype": "none", "svg.hashsalt": "x", "svg.image_inline": False,
}  # fmt: skip


def something(bench: ViewBench) -> str:
    """Whether there is an experiment that it has something to show of, and its pictures differ."""
    cases = bench.cases()
    if not cases:
        raise Broken(
            f"suits is False for every experiment of the check: {', '.join(CASES)}. Say which of "
            "these it has something to show of."
        )
    for case in cases:
        frame = bench.frame(case)
        if (frame == frame[0, 0]).all():
            raise Broken(f"show has drawn nothing of {case}.")
    return f"It is drawn of {_listed(cases)}."


def sizes(bench: ViewBench) -> str:
    """Any size, both themes, any ratio of pixels: no error, and nothing outside its box."""
    cases = bench.cases()
    for place, size in enumerate((NARROW, *SIZES)):
        for dark in (False, True):
            ratio = RATIOS[(place + dark) % 3]  # each of them in both themes
            for case in cases if size == NARROW and not dark else cases[:1]:
                drawn = Drawn(bench.cls, bench.first(case), size, ratio, dark=dark, margin=MARGIN)
                _within(drawn, f"{size[0]} × {size[1]} css pixels, ratio {ratio:g}", size == NARROW)
    for case in cases:
        Drawn(bench.cls, bench.first(case), TINY).frame()
    _finer(bench, cases[0])
    ratios = ", ".join(f"{ratio:g}" for ratio in RATIOS)
    return f"{1 + len(SIZES)} sizes, both themes, ratios of {ratios}: all of it is in its box."


def _within(drawn: Drawn, words: str, narrow: bool) -> None:
    frame = drawn.frame()
    strange = (frame != frame[0, 0]).any(axis=2)
    edge = round((MARGIN - SPILL) * drawn.canvas.ratio)
    strange[edge:-edge, edge:-edge] = False
    if narrow:  # beside a view there is nothing: what is too long ends where the picture does
        strange[edge:-edge] = False
    if strange.any():
        y, x = (float(v[0]) / drawn.canvas.ratio - MARGIN for v in np.nonzero(strange))
        raise Broken(f"At {words} it draws outside its box, at ({x:.0f}, {y:.0f}) of it.")


def _finer(bench: ViewBench, case: str) -> None:
    """With twice as many pixels it is the same picture."""
    wide, tall = SIZE
    fine = Drawn(bench.cls, bench.first(case), ratio=2.0).frame().astype(float)
    coarse = fine.reshape(tall, 2, wide, 2, 4).mean(axis=(1, 3))
    apart = float(np.abs(coarse - bench.frame(case)).mean())
    if apart > FINER:
        raise Broken(f"With twice as many pixels it is another picture, by {apart:.0f} of 255.")


def repeats(bench: ViewBench) -> str:
    for case in bench.cases()[:2]:
        if not np.array_equal(Drawn(bench.cls, bench.first(case)).frame(), bench.frame(case)):
            raise Broken(f"Two pictures of one scene differ: {case}.")
    return "Two pictures of one scene are equal, bit for bit."


def settings(bench: ViewBench) -> str:
    case = bench.cases()[0]
    usual = Drawn(bench.cls, bench.first(case))
    files = {form: usual.canvas.file(form) for form in ("png", "svg")}
    with matplotlib.rc_context(STRANGE):  # type: ignore[arg-type]
        strange = Drawn(bench.cls, bench.first(case))
        if not np.array_equal(bench.frame(case), strange.frame()):
            raise Broken("The settings of the notebook (matplotlib.rcParams) change its picture.")
        for form, content in files.items():
            if strange.canvas.file(form) != content:
                raise Broken(
                    f"The settings of the notebook (matplotlib.rcParams) change its {form} file."
                )
        strange.show(bench.first(case))
        if not np.array_equal(bench.frame(case), strange.frame()):
            raise Broken("The settings of the notebook (matplotlib.rcParams) change what is moved.")
    return "The settings of the notebook change nothing."


def file(bench: ViewBench) -> str:
    """What is saved is what is seen; and it is seen as before, then."""
    most = 0.0
    for place, case in enumerate(bench.cases()):
        fine = Drawn(bench.cls, bench.first(case), ratio=RATIOS[1 + place % 2])
        for drawn in (bench.drawn(case), fine):
            shown = drawn.frame()
            most = max(most, _saved_apart(drawn, shown, case))
            if not np.array_equal(drawn.frame(), shown):
                raise Broken(f"Saved as a file, the picture on the screen changes: {case}.")
        in_letters(drawn, case)
    for case in bench.cases("wild"):  # which has marks of its own
        ended = Drawn(bench.cls, bench.first(case, "wild"))
        most = max(most, _saved_apart(ended, ended.frame(), f"{case}, diverged"))
    if not most:
        return "A file is what the screen shows, bit for bit."
    return f"A file shows what the screen shows: {100 * most:.2g} % of its pixels differ at most."


def _saved_apart(drawn: Drawn, shown: RGBA, case: str) -> float:
    """Which part of the pixels of a file differs at all; Broken where too many do so visibly."""
    content = io.BytesIO(drawn.canvas.file("png", DOTS * drawn.canvas.ratio))
    saved = np.rint(255 * np.asarray(imread(content, format="png"))).astype(np.uint8)
    if saved.shape != shown.shape:
        raise Broken(f"A file of the picture is {saved.shape[1]} × {saved.shape[0]} pixels.")
    far = pixels_apart(saved, shown)
    # The frames of panels may be a pixel beside: a file rounds their edges in its own way.
    if (far > FAR).mean() > FEW:
        raise Broken(
            f"A file differs from the screen in {100 * (far > FAR).mean():.2g} % of its pixels "
            f"({case}): is every artist among the figure's own, and each in the order of its "
            "z-order?"
        )
    return float((far > 0).mean())


def veiled(bench: ViewBench) -> str:
    """Before a guess neither picture nor words depend on how a run went."""
    for case in bench.cases():
        pairs = [[bench.veiled(case, kind) for kind in ("first", "slower")]]
        if bench.cls.secret:  # what is no secret may be shown of any scene, and has no results
            seen = [bench.seen(case, kind) for kind in ("first", "slower")]
            pairs += [[replace(s[k].scene, veiled=True) for s in seen] for k in (0, 3)]
            shown, other = pairs[-1]
            for phase in (0.5, 1.5, 2.5, 4.0):  # of a round, which ends with 4
                blind = replace(other, phase=phase, closeup=None)
                pairs.append([replace(shown, phase=phase), blind])
            # The run that was there before it is a result too.
            pairs.append([replace(shown, old=shown.series), other])
        views = [Drawn(bench.cls, scene) for scene in pairs[0]]
        for place, scenes in enumerate(pairs):
            if place and not bench.cls.holds:  # as if one had seen how it went
                for drawn, scene in zip(views, scenes, strict=True):
                    drawn.show(replace(scene, veiled=False))
            _same(views, scenes, case)
    if not bench.cls.secret:
        return "It says that it has no secret (secret = False); of a veiled run it shows no result."
    return "While veiled, its picture and words are the same however the run went."


def _same(views: list[Drawn], scenes: list[Scene], case: str) -> None:
    for drawn, scene in zip(views, scenes, strict=True):
        drawn.show(scene)
    first, other = views
    for client in (len(scenes[0].panel) - 1, None):
        for drawn in views:
            drawn.view.light(client)
        if not np.array_equal(first.frame(), other.frame()):
            raise Broken(f"While veiled, its picture depends on the run's results ({case}).")
    for what in ("sentence", "spoken"):
        words, others = (getattr(first.cls, what)(scene) for scene in scenes)
        if words != others:
            raise Broken(f"While veiled, {what} depends on the run's results ({case}).")
    for place in grid(first.box):
        hits = [drawn.view.at(*place) for drawn in (first, other)]
        lines = [None if hit is None else (hit.lines, hit.client) for hit in hits]
        if lines[0] != lines[1]:
            raise Broken(f"While veiled, what the pointer is told depends on results: {lines[0]}.")


def stale(bench: ViewBench) -> str:
    """What belongs to another run, round or client is grey, or at least pale."""
    bench.prepared()
    kept = 0.0
    for place, case in enumerate(bench.cases()):
        scene = bench.first(case)
        drawn = bench.drawn(case) if place else Drawn(bench.cls, scene, dark=True)
        fresh = drawn.colour()
        drawn.show(replace(scene, fresh=False))
        old = drawn.colour()
        kept = max(kept, old / max(fresh, 1e-9))
    # Points of the data, and names and dots of clients, may keep their colours: they are no
    # results. In all that is built in they are less than a third of what is coloured.
    if kept > PALE:
        raise Broken(
            f"Where it is not fresh it keeps {100 * kept:.0f} % of its colour (at most "
            f"{100 * PALE:.0f} % may be left): what stands for a result must be grey or pale."
        )
    return f"Where it is not fresh, at most {100 * kept:.0f} % of its colour are left."


def scrub(bench: ViewBench) -> str:
    """After any walk over scenes the picture is that of a new view."""
    pool = _pool(bench)
    if bench.cls.holds:  # of each run one round: what its axis reaches over is then the same
        pool = [seen for seen in pool if seen.scene.at == seen.scene.series.rounds]
    random.Random(0).shuffle(pool)
    pool += [seen for seen in pool if not seen.scene.at][:1]  # and in the end back to a beginning
    drawn = Drawn(bench.cls, pool[0].scene)
    for place, (scene, words) in enumerate(pool):
        if not drawn.view.fits(scene):
            drawn = Drawn(bench.cls, scene)
        drawn.show(scene)
        if place % 2:
            drawn.frame()
        if place % EVERY and scene is not pool[-1].scene:
            continue
        if not np.array_equal(drawn.frame(), Drawn(bench.cls, scene).frame()):
            raise Broken(f"After other scenes it is drawn in another way than at first: {words}.")
    return f"{len(pool)} scenes in any order: each is drawn as by a new view, bit for bit."


def _pool(bench: ViewBench) -> list[Seen]:
    pool = []
    for case in bench.cases():
        for kind in ("first", "other"):
            seen = bench.seen(case, kind)
            scene = seen[0].scene
            pool += seen[: 4 if kind == "first" else 2]
            pool.append(Seen(replace(scene, fresh=False), f"{case}, not fresh"))
            pool.append(Seen(replace(scene, phase=1.5), f"{case}, in the middle of a round"))
        pool.append(Seen(replace(scene, veiled=True), f"{case}, veiled"))
        pool.append(Seen(replace(scene, closeup=None, fresh=False), f"{case}, nothing computed"))
        pinned = Ghost("A", scene.series.accuracy, *np.ones((2, len(scene.series.accuracy))))
        other = replace(scene, axis="bytes", guess=0.3, ghosts=(pinned,))
        pool.append(Seen(other, f"{case}, over bytes, with a guess and a pinned run"))
    return pool


def artists(bench: ViewBench) -> str:
    """Artists are made once, and moved in `show`."""
    most = 0
    for case in bench.cases():
        scene, words = bench.seen(case)[0]
        drawn = Drawn(bench.cls, scene)
        drawn.frame()
        made = _made(drawn)
        later = [*bench.seen(case), *bench.seen(case, "other")[:2]]
        later += [Seen(replace(scene, fresh=False), "not fresh"), Seen(scene, words)]
        later += [Seen(replace(scene, veiled=True), "veiled"), Seen(scene, words)]
        for other, what in later:
            if not drawn.view.fits(other):
                continue
            drawn.show(other)
            more = _made(drawn) - made
            if more:
                kinds = sorted({type(artist).__name__ for artist in more})
                raise Broken(
                    f"show makes artists, {len(more)} more ({', '.join(kinds)}; {what}): make "
                    "them in __init__, and move them."
                )
        most = max(most, len(made))
    return f"show makes no artist: there are {most} at most, all from the beginning."


def _made(drawn: Drawn) -> set[Artist]:
    """All artists but the ticks of axes, which matplotlib makes as it needs them."""
    figure = drawn.canvas.figure
    ticks = {part for tick in figure.findobj(Tick) for part in tick.findobj()}
    return set(figure.findobj()) - ticks


def light(bench: ViewBench) -> str:
    """A client that stands out leaves no trace once it does so no more."""
    for place, case in enumerate(bench.cases()):
        scene, words = bench.seen(case)[3 * (place % 2)]  # nobody is followed, or somebody
        drawn = bench.drawn(case)
        drawn.show(scene)
        before = drawn.frame()
        for client in range(len(scene.panel)):
            drawn.view.light(client)
            drawn.frame()
        drawn.view.light(None)
        if not np.array_equal(drawn.frame(), before):
            raise Broken(f"light(None) does not put back what light(client) changed: {words}.")
    return "light(client) and then light(None) leave the picture as it was."


def _listed(names: list[str]) -> str:
    if not names:
        raise Skipped("nothing")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
