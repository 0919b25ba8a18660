"""The colours under simulated colour blindness, and the contrast of what is to be read.

Simulation: the matrices of Machado, Oliveira & Fernandes 2009 ("A Physiologically-based Model for
Simulation of Color Vision Deficiency", table of severity 1.0), which act on linear RGB.
Distance: CIE76, the Euclidean distance in CIE L*a*b* (D65). About 2.3 is the least that is seen
side by side; lines that are apart need far more.
Contrast: WCAG 2.1, relative luminance.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from fedplay.drawing.style import DARK, LIGHT, legible
from fedplay.drawing.style import contrast as reckoned

EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array(  # of linear sRGB, D65
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
THEMES = pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
SEEN = pytest.mark.parametrize("eye", EYES)


def linear(colour):
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(colour, eye):
    seen = np.clip(EYES[eye] @ linear(colour), 0, 1)
    t = XYZ @ seen / (XYZ @ np.ones(3))
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(a, b, eye="usual"):
    return float(np.linalg.norm(lab(a, eye) - lab(b, eye)))


def contrast(a, b):
    light, dark = sorted((XYZ[1] @ linear(a), XYZ[1] @ linear(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measures_give_known_values():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert lab("#ffffff", "usual") == pytest.approx([100, 0, 0], abs=0.01)
    assert lab("#ff0000", "usual") == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    for matrix in EYES.values():
        assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5), "greys stay grey"
    assert distance("#ff0000", "#00ff00", "protanopia") < distance("#ff0000", "#00ff00")


@SEEN
@THEMES
def test_the_global_model_is_told_from_every_other_named_curve(look, eye):
    others = (look.mean, look.personal, look.alone, look.stale, look.paper)
    assert min(distance(look.accent, other, eye) for other in others) > 18


@SEEN
@THEMES
def test_the_curves_of_one_number_a_round_are_told_from_each_other(look, eye):
    named = (look.mean, look.personal, look.alone, look.stale, look.paper)
    assert min(distance(a, b, eye) for a, b in combinations(named, 2)) > 19


@SEEN
@THEMES
def test_ten_clients_have_ten_colours(look, eye):
    """What petroff10 allows: its two greys, of clients 3 and 8, are the nearest to each other."""
    assert len(set(look.clients)) == 10
    assert min(distance(a, b, eye) for a, b in combinations(look.clients, 2)) > 14
    assert min(distance(client, look.paper, eye) for client in look.clients) > 15


@SEEN
@THEMES
def test_further_clients_are_grey_until_they_are_lit(look, eye):
    """Colours that repeat would say of two clients that they are one."""
    assert [look.client(k) for k in range(10)] == list(look.clients)
    assert {look.client(k) for k in range(10, 200)} == {look.others}
    assert {look.client(k, lit=True) for k in range(10, 200)} == {look.ink}
    assert [look.client(k, lit=True) for k in range(10)] == list(look.clients)
    for colour in (*look.clients, look.paper, look.ink):
        assert distance(look.others, colour, eye) > 9


@SEEN
@THEMES
def test_the_accent_is_no_clients_colour(look, eye):
    """To some eyes it is near that of client 3, 5 or 8: there, its width and its name tell it."""
    floor = 40 if eye == "usual" else 4
    assert min(distance(look.accent, client, eye) for client in look.clients) > floor


@THEMES
@pytest.mark.parametrize("name", ["ink", "muted", "accent", "mean", "personal", "alone", "alarm"])
def test_words_can_be_read(look, name):
    assert contrast(getattr(look, name), look.paper) >= 4.5


@THEMES
def test_a_clients_name_can_be_read_and_keeps_its_colour_where_it_can(look):
    for k in range(10):
        assert contrast(look.letters(k), look.paper) >= 4.5
        if contrast(look.client(k), look.paper) >= 4.5:
            assert look.letters(k) == look.client(k)
    assert legible(look.paper, look.ink, look.paper) != look.paper


@given(*[st.sampled_from(["#000000", "#777777", "#3f90da", "#ffffff", "#bd1f01"])] * 2)
def test_the_contrast_that_the_look_reckons_with_is_the_same(a, b):
    assert reckoned(a, b) == pytest.approx(contrast(a, b), rel=1e-3)
