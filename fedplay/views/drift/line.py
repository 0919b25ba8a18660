"""One parameter: the clients' losses over it on the left, their steps over time on the right."""

from __future__ import annotations

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.drawing.pen import faded, ink
from fedplay.views.drift.analysis import Drift
from fedplay.views.drift.panel import Panel, near
from fedplay.views.drift.picture import Picture
from fedplay.views.scene import Scene

CURVE = 61  # points of a parabola
AFTER, RIGHT = 1.16, 1.3  # where the new global model and the marks are; 1 is the last local step
TALL = 3.0  # times the loss of the first model: what is higher leaves the picture


def losses(found: Drift, w: Array) -> Array:
    """(N, n) every client's own loss over parameters w (n,)."""
    assert found.course.problems is not None
    a, x = found.course.problems
    each: Array = a[:, None] * (w - x) ** 2 / 2
    return each


def mean_loss(scene: Scene, found: Drift, w: Array) -> Array:
    """(n,) their mean, with the weights that the clients have in the average."""
    sizes = scene.federation.sizes
    weight = np.ones(len(sizes)) if scene.exp.weighting == "clients" else sizes
    mean: Array = weight @ losses(found, w) / weight.sum()
    return mean


def fit(scene: Scene, found: Drift, whole: Panel, close: Panel, points: Array, grow: bool) -> None:
    """Limits of both panels; points (n, 2) are what has to be seen on the line."""
    low, high = points[:, 0].min(), points[:, 0].max()
    tall = float(losses(found, np.array([low, high])).max())
    tall = min(tall, TALL * float(mean_loss(scene, found, found.course.server[:1, 0])[0]))
    whole.fit(np.array([(low, 0.0), (high, max(tall, 1e-9))]), grow=grow)
    marks = np.array([mark.where for mark in found.course.marks])
    inside = near(np.concatenate([found.before[None], *found.paths]), points)[:, 0]
    seen = np.concatenate([inside, marks[:, 0]])
    close.fit(np.array([(0.0, seen.min()), (RIGHT, seen.max())]))


def draw(picture: Picture, scene: Scene, found: Drift) -> Array:
    """Both panels; (n, 2) css pixels of the marks on the left."""
    course, whole, pen = found.course, picture.whole, picture.pen
    assert course.problems is not None
    half = whole.box.width / 2 / whole.scale[0]
    w = np.linspace(whole.middle[0] - half, whole.middle[0] + half, CURVE)
    own = losses(found, w)
    colours, widths, _ = picture.colours(scene, np.arange(len(own)))
    curves = [whole.place(np.column_stack([w, loss])) for loss in own]
    pen.draw(curves, faded(colours, 0.55), widths)
    mean = np.column_stack([w, mean_loss(scene, found, w)])
    pen.draw([whole.place(mean)], ink(picture.look.muted), 1.8)
    steps = []
    for k, path in zip(found.ids.tolist(), found.paths, strict=False):
        steps.append(whole.place(np.column_stack([path[:, 0], losses(found, path[:, 0])[k]])))
    picture.paths(scene, found, whole, steps, 0.9)
    way = course.server[:, 0]
    picture.way(scene, found, whole.place(np.column_stack([way, mean_loss(scene, found, way)])))
    foot = np.column_stack([course.problems[1][:, 0], np.zeros(len(own))])
    picture.optima(scene, whole.place(foot), handles=picture.handles)
    spots = np.array([mark.where[0] for mark in course.marks])
    where = whole.place(np.column_stack([spots, mean_loss(scene, found, spots)]))
    picture.marks(where)
    _over_time(picture, scene, found, spots)
    return where


def _over_time(picture: Picture, scene: Scene, found: Drift, spots: Array) -> None:
    """From where the round begins, each client's steps, and their mean."""
    panel, pen, accent = picture.round, picture.pen, picture.accent(scene)
    levels = [panel.place(np.array([(0.0, y), (RIGHT, y)])) for y in spots]
    pen.draw(levels, ink(picture.look.stale), 1.0)
    most = max(int(found.steps.max(initial=1)), 1)
    paths = [
        panel.place(np.column_stack([np.arange(len(path)) / most, path[:, 0]]))
        for path in found.paths
    ]
    ends = panel.place(np.array([(0.0, found.before[0]), (AFTER, found.after[0])]))
    pen.draw([np.vstack([path[-1], ends[1]]) for path in paths], faded(accent, 0.5), 1.2)
    picture.paths(scene, found, panel, paths, 1.0)
    picture.journey(scene, ends)
    picture.marks(panel.place(np.column_stack([np.full(len(spots), RIGHT), spots])))
