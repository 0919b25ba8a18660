"""Share: a link that others can open and that gives no secret away, a code of it, files."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fedplay as fp
from fedplay.playground.addresses import link_to
from fedplay.playground.qr_code import MISSING, qr_code
from fedplay.playground.share import pasted
from tests.support.screens import TINY

TOKEN = fp.Experiment(alpha=0.1).to_token()
BINDER = {"BINDER_LAUNCH_HOST": "https://mybinder.org/", "BINDER_REQUEST": "v2/gh/ada/fed/main"}
CSV = b"label,height,client\n" + b"yes,1.5,Ada\nno,2.5,Ada\nno,3.5,Bob\nyes,3.5,Bob\n" * 9


@pytest.fixture
def screen():
    made = fp.Playground(fp.Experiment(**TINY))
    made.settle()
    made.screen.share.fold()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("address", "environ", "link"),
    [
        ("", {}, TOKEN),
        (
            "https://a.example/voila/render/x.ipynb",
            {},
            "https://a.example/voila/render/x.ipynb?fp=",
        ),
        ("http://127.0.0.1:8866/", {}, "http://127.0.0.1:8866/?fp="),
        ("http://localhost:8888/lab/tree/x.ipynb", {}, TOKEN),
        ("https://a.example/user/ada/notebooks/x.ipynb", {}, TOKEN),
        (
            "https://a.example/hub1/user/ada/voila/render/x.ipynb",
            {},
            "https://a.example/hub1/hub/user-redirect/voila/render/x.ipynb?fp=",
        ),
        (
            "https://hub.mybinder.org/user/ada-fed-7/voila/render/x.ipynb",
            BINDER,
            "https://mybinder.org/v2/gh/ada/fed/main?urlpath=voila%2Frender%2Fx.ipynb%3Ffp%3D",
        ),
    ],
)
def test_a_link_leads_to_where_it_can_be_opened(address, environ, link):
    found = link_to(TOKEN, address, environ)
    assert found.text == (link if link == TOKEN else link + TOKEN)
    assert bool(found.note) == ("127.0.0.1" in address), "only that one is for oneself alone"
    assert pasted(found.text) == fp.Experiment(alpha=0.1)
    assert "ada-fed-7" not in found.text
    assert "user/ada" not in found.text


def test_what_binder_opens_is_the_page_with_the_experiment():
    link = link_to(TOKEN, "https://b.example/user/x-1/voila/render/a%20b.ipynb", BINDER).text
    (path,) = parse_qs(urlsplit(link).query)["urlpath"]
    opened = urlsplit(f"https://b.example/user/y-2/{path}")
    assert opened.path == "/user/y-2/voila/render/a%20b.ipynb"
    assert parse_qs(opened.query) == {"fp": [TOKEN]}


@given(st.text(max_size=60))
def test_any_path_gives_a_link_that_opens(path):
    assert pasted(link_to(TOKEN, "https://a.example/", {}).text) == fp.Experiment(alpha=0.1)
    link_to(TOKEN, f"https://a.example/{path}", BINDER)


def test_the_link_follows_the_page(screen):
    share = screen.screen.share
    assert share.text.value == screen.experiment.to_token()
    screen.event_loop.act("address", "https://a.example/b")
    assert share.text.value == f"https://a.example/b?fp={screen.experiment.to_token()}"
    screen.set(local_epochs=2)
    assert pasted(share.text.value) == screen.experiment
    share.form.value = "JSON"
    assert json.loads(share.text.value)["local_epochs"] == 2


def test_a_file_of_ones_own_goes_with_the_python_and_not_with_a_link(screen):
    key = fp.load_csv(CSV, name="mine.csv")
    screen.open(fp.Experiment(data=key, partition="natural", clients=2, rounds=1))
    share = screen.screen.share
    assert share.text.value == ""
    assert "choose Python, and hand on mine.csv with it" in share.note.value
    share.form.value = "Python"
    assert "data = fp.load_csv('mine.csv')" in share.text.value
    assert "csv:" not in share.text.value


def test_the_python_of_a_file_runs_where_the_file_is(tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_bytes(CSV)
    key = fp.load_csv(tmp_path / "mine.csv")
    exp = fp.Experiment(data=key, partition="natural", clients=2, rounds=1)
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    exec(exp.to_python(), scope)
    assert scope["exp"] == exp
    assert np.array_equal(scope["history"].accuracy, fp.run(exp).accuracy)


def test_a_qr_code_is_of_the_link(screen):
    segno = pytest.importorskip("segno")
    share = screen.screen.share
    share.form.value = "Python"
    share.code.click()
    assert share.form.value == "Link"
    assert share.picture.layout.display is None
    assert "data:image/svg+xml" in share.picture.value
    before = share.picture.value
    screen.set(local_epochs=2)
    assert share.picture.value != before
    share.form.value = "JSON"
    assert share.picture.layout.display == "none"
    code = segno.make(TOKEN, error="l", micro=False)
    assert code.svg_data_uri(scale=4, border=4, dark="#000", light="#fff") == qr_code(TOKEN)


def test_without_its_package_there_is_no_code_but_the_link_stays(screen, monkeypatch):
    monkeypatch.setitem(sys.modules, "segno", None)
    share = screen.screen.share
    share.code.click()
    assert MISSING in share.note.value
    assert share.text.value == screen.experiment.to_token()
    assert share.picture.layout.display == "none"
    share.code.click()
    assert MISSING not in share.note.value


# --- files ----------------------------------------------------------------------------------------


def test_a_picture_has_its_settings_below_it(screen):
    board = screen.screen.board
    before, files = list(board.canvas.figure.texts), screen.screen.files()
    found = Image.open(io.BytesIO(files["png"]))
    assert found.width == 2 * board.canvas.width
    below = found.height - 2 * board.canvas.height
    assert 2 * 20 < below < 2 * 80
    strip = np.asarray(found.convert("L"))[-below:]
    assert strip.min() < 160, "something is written there"
    plain = Image.open(io.BytesIO(board.canvas.file("png")))
    kept = np.asarray(found.convert("RGB"))[: plain.height]
    assert np.abs(kept.astype(int) - np.asarray(plain.convert("RGB"))).mean() < 0.5
    assert ElementTree.fromstring(files["svg"]).tag.endswith("svg")
    assert list(board.canvas.figure.texts) == before, (
        "the next picture on the screen has none of it"
    )


def test_everything_is_in_one_zip(screen, tmp_path):
    screen.save(tmp_path / "x.zip")
    files = screen.screen.files()
    with zipfile.ZipFile(tmp_path / "x.zip") as packed:
        found = {name.removeprefix("fedplay/"): packed.read(name) for name in packed.namelist()}
    assert {name: found[f"fedplay.{name}"] for name in ("png", "svg", "csv")} == {
        name: files[name] for name in ("png", "svg", "csv")
    }
    assert fp.Experiment.from_json(found["experiment.json"].decode()) == screen.experiment
    scope: dict = {}
    exec(found["experiment.py"], scope)
    assert np.array_equal(scope["history"].accuracy, screen.shown.accuracy)
    told = found["README.txt"].decode()
    assert all(f"{name}: " in told for name in found.keys() - {"README.txt"})
    assert files["zip"] == screen.screen.files()["zip"]


def test_a_hidden_answer_is_in_no_file(screen):
    screen.guess(0.5)
    screen.settle()
    files = screen.screen.files()
    assert "csv" not in files
    with zipfile.ZipFile(io.BytesIO(files["zip"])) as packed:
        assert "fedplay/fedplay.csv" not in packed.namelist()
