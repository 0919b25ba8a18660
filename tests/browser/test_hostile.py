"""Two hundred hostile texts as labels, clients, columns and file names: on the page they are text.

Where one got through, a mark would tell: an element with `hostile` in it, `window.hostile`, a
dialog, a request to elsewhere, or a complaint in the console.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import Window
from tests.browser.playing import (
    CANVAS,
    CODE,
    at_rest,
    calm,
    control,
    hover,
    open_view,
    state,
    titles,
    until,
    upload,
)
from tests.browser.servers import Servers

RUNS = "window.hostile=1;alert('hostile')"
ELSEWHERE = "//hostile.invalid/x"
TAGS = [
    f"<script>{RUNS}</script>",
    f"</script><script>{RUNS}</script>",
    f"<img class=hostile src=x onerror={RUNS}>",
    f'"><img class=hostile src={ELSEWHERE} onerror={RUNS}>',
    f"'><img class='hostile' src='{ELSEWHERE}' onerror='{RUNS}'>",
    f"<svg class=hostile onload={RUNS}>",
    f"<svg class=hostile><script>{RUNS}</script></svg>",
    f"<svg class=hostile><image href=http:{ELSEWHERE}></svg>",
    f"<svg class=hostile><animate onbegin={RUNS} attributeName=x dur=1s>",
    f"<math class=hostile><mtext><style><img src onerror={RUNS}></style></math>",
    f"<iframe class=hostile src=javascript:{RUNS}></iframe>",
    f"<iframe class=hostile srcdoc='<script>parent.{RUNS}</script>'></iframe>",
    f"<object class=hostile data=javascript:{RUNS}></object>",
    f"<embed class=hostile src={ELSEWHERE}>",
    f"<video class=hostile src=x onerror={RUNS}></video>",
    f"<audio class=hostile src=http:{ELSEWHERE} autoplay>",
    f"<details class=hostile open ontoggle={RUNS}>",
    f"<input class=hostile autofocus onfocus={RUNS}>",
    f"<select class=hostile autofocus onfocus={RUNS}>",
    f"<body class=hostile onload={RUNS}>",
    f"<a class=hostile href=javascript:{RUNS}>x</a>",
    f"<form class=hostile action=http:{ELSEWHERE}><button>x</form>",
    f"<link class=hostile rel=stylesheet href=http:{ELSEWHERE}>",
    f"<meta class=hostile http-equiv=refresh content='0;url=http:{ELSEWHERE}'>",
    f"<base class=hostile href=http:{ELSEWHERE}/>",
    f"<style class=hostile>@import 'http:{ELSEWHERE}';</style>",
    f"<div class=hostile style='background:url(http:{ELSEWHERE})'>",
    "<div class=hostile style='position:fixed;inset:0;z-index:99999'>",
    "<div class=hostile style='width:expression(alert(1))'>",
    f"<marquee class=hostile onstart={RUNS}>",
    f"<template class=hostile><img src onerror={RUNS}></template>",
    f"<portal class=hostile src=http:{ELSEWHERE}>",
    f"<noscript><p title='</noscript><img class=hostile src onerror={RUNS}>'>",
    f"<!--><img class=hostile src onerror={RUNS}>-->",
    f"<![CDATA[<img class=hostile src onerror={RUNS}>]]>",
    f"<textarea class=hostile autofocus onfocus={RUNS}></textarea>",
    f"</style></title></textarea></option></select><img class=hostile src onerror={RUNS}>",
    f"</span></div></pre><img class=hostile src onerror={RUNS}>",
    f"&lt;img class=hostile src onerror={RUNS}&gt;",
    f"&#60;img class=hostile src onerror={RUNS}&#62;",
    f"\\u003cimg class=hostile src onerror={RUNS}\\u003e",
    f"%3Cimg class=hostile src onerror={RUNS}%3E",
    f"＜img class=hostile src onerror={RUNS}＞",
]
QUOTES = [
    f'" onmouseover="{RUNS}" class="hostile',
    f"' onmouseover='{RUNS}' class='hostile",
    f'" autofocus onfocus="{RUNS}" hostile="',
    f"` onmouseover=`{RUNS}`",
    '"><b class=hostile>',
    "'; " + RUNS + "; //",
    '"; ' + RUNS + "; //",
    f"\\'; {RUNS}//",
    f"*/{RUNS}/*",
    f"javascript:{RUNS}",
    f"JaVaScRiPt:{RUNS}",
    f"data:text/html,<script>{RUNS}</script>",
    f"vbscript:msgbox('{RUNS}')",
    f"expression({RUNS})",
    f"url(http:{ELSEWHERE})",
    f"}}</style><img class=hostile src onerror={RUNS}>",
    "} .fedplay { display: none } {",
]
TEMPLATES = [
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{%raw%}",
    "{0}",
    "{self}",
    "%s%n%x",
    "$!{x}",
]
TEMPLATES += [f"${{{RUNS}}}", f"{{{{constructor.constructor('{RUNS}')()}}}}", "[[7*7]]", "@{7*7}"]
TEMPLATES += [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "-2+3",
    '=HYPERLINK("http://hostile.invalid")',
]
MATHS = [
    r"$\frac{}$",
    r"$\frac{1}{0$",
    "$",
    "$$",
    "$x",
    r"$\undefined{x}$",
    r"$\includegraphics{x}$",
]
MATHS += [r"\(x\)", r"\[x\]", r"\begin{x}", "$\\$", r"\$", "x^{2", "_", "a_b", r"$\mathdefault{x}$"]
MATHS += [f"$\\href{{javascript:{RUNS}}}{{x}}$", r"$\unicode{x}$"]
LINKS = [
    f"[x](javascript:{RUNS})",
    f"![x](http:{ELSEWHERE})",
    f"<http:{ELSEWHERE}>",
    "# x",
    "**x**",
]
LINKS += [f"http:{ELSEWHERE}", "[x]: http://hostile.invalid", "`x`", "~~x~~", "|x|y|", "---"]
NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__class__"]
NAMES += [
    "nil",  # null, NaN and None are missing values, which are refused
    "void",
    "undefined",
    "not a number",
    "Infinity",
    "true",
    "[object Object]",
    "_nolegend_",
    "_x",
    "..",
    "../..",
]
NAMES += [
    "/etc/passwd",
    "C:\\x",
    "CON",
    "\\\\hostile\\x",
    "-rf",
    "'; DROP TABLE x; --",
    "() { :; }; x",
    "`id`",
]
LETTERS = [
    "\u202egnp.exe",
    "\u200b",
    "\u200d\u200dx",
    "\u2066x\u2069",
    "\ufeffx",
    "\u00adx",
    "a\u0300" * 40,
]
LETTERS += [
    "\x07bell",
    "\x1b[31mred",
    "\x08" * 5 + "x",
    "\x7f",
    "a\tb",
    "\x85x",
    "\u2028x",
    "\u2029x",
]
LETTERS += [
    "😀" * 100,
    "👩‍👩‍👧‍👦" * 20,
    "🏳️‍🌈",
    "ﷺ" * 60,
    "Ω≈ç√∫",
    "田中さん",
    "مرحبا",
    "שלום",
    "İıſK",
]
LETTERS += ["x" * 200, "W" * 200, "x " * 99, "\U0010ffff", "\ufffe", "\ue000", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙a͠l̨g͏o", "𝕏" * 50]
SPACE = ["\u3000x", "\u00a0x", "x\u2003y", "\v\fx"]


def _two_hundred() -> list[str]:
    """All of them, and the tags once more in capitals, in text, and with odd spaces, until 200."""
    texts = [*TAGS, *QUOTES, *TEMPLATES, *MATHS, *LINKS, *NAMES, *LETTERS, *SPACE]
    texts += [f"client {text}" for text in TAGS] + [t.replace(" ", "\f", 1) for t in TAGS]
    kept = [text[:200].strip() for text in texts]
    return list(dict.fromkeys(text for text in kept if text and "\n" not in text))[:200]


HOSTILE = _two_hundred()


def table(clients: list[str], labels: list[str], columns: list[str]) -> bytes:
    """A CSV file in which every text is used, six examples a client."""
    text = io.StringIO()
    write = csv.writer(text, quoting=csv.QUOTE_ALL)
    write.writerow(["label", "client", *columns])
    for number in range(6 * len(clients)):
        cells = [(number * 7 + i) % 5 for i in range(len(columns))]
        write.writerow([labels[number % len(labels)], clients[number // 6], *cells])
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def guarded(browser: Any, servers: Servers) -> Iterator[tuple[Any, list[str]]]:
    """(page, what went wrong): every dialog, and every request that leaves the page's server."""
    window, wrong = Window(browser), []

    def open_guarded(link: str) -> Any:
        page = window.open("about:blank", viewport={"width": 1280, "height": 800})
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))

        def asked(request: Any) -> None:
            place = urlsplit(request.url)
            if place.scheme not in ("data", "blob") and place.netloc != urlsplit(link).netloc:
                wrong.append(request.url)

        page.on("request", asked)
        page.goto(link)
        return page

    page = servers.show("voila", CODE, open_guarded)
    calm(page)
    yield page, wrong
    window.close()


MARKS = """() => [window.hostile, document.querySelectorAll(
    "[class~=hostile], [hostile], [src*=hostile], [href*=hostile], [data*=hostile]").length]"""


def innocent(page: Any) -> None:
    assert page.evaluate(MARKS) == [None, 0]


def look_everywhere(page: Any) -> None:
    """Hover over the picture, press on it, and open every view beside the curves."""
    for title in titles(page):
        open_view(page, title)
        calm(page)
        box = page.locator(CANVAS).bounding_box()
        for x, y in ((0.2, 0.85), (0.3, 0.75), (0.5, 0.9), (0.6, 0.8), (0.4, 0.3)):
            hover(page, box["x"] + x * box["width"], box["y"] + y * box["height"])
            innocent(page)
        page.mouse.down()
        page.mouse.up()
        until(page, at_rest)
        innocent(page)
    calm(page)


def test_labels_clients_and_columns_are_only_text(guarded: tuple[Any, list[str]]) -> None:
    page, wrong = guarded
    assert len(HOSTILE) == 200
    for labels in (HOSTILE[:100], HOSTILE[100:]):
        upload(page, f"{labels[0]}.csv", table(HOSTILE, labels, HOSTILE))
        until(page, lambda s: "csv:" in s["shown"] and "csv:" in s["experiment"])
        control(page, "Partition").locator("select").select_option("natural")
        until(page, lambda s: "natural" in s["shown"])
        calm(page)
        look_everywhere(page)
    innocent(page)
    assert not wrong


def test_file_names_and_refusals_are_only_text(guarded: tuple[Any, list[str]]) -> None:
    page, wrong = guarded
    said = page.locator(".fedplay-error").filter(visible=True)
    for i, text in enumerate(HOSTILE[::5]):
        name, cell = text.replace("/", "\\").replace("\0", "") + ".csv", text.replace('"', '""')
        if i % 3 == 0:
            upload(page, name, table([f"{i}" for i in range(30)], ["x", "y"], [text]))
            until(page, lambda s: "csv:" in s["shown"] and not s["errors"])
            said.first.wait_for(state="hidden")
        elif i % 3 == 1:  # the sentence repeats the column's name, and the cell that is no number
            rows = f'label,"{cell}"\nx,"<b class=hostile>"\ny,1\n'
            upload(page, name, rows.encode())
            said.filter(has_text="not a number").first.wait_for()
        else:  # or the only label
            upload(page, name, f'label,a\n"<i class=hostile>{cell[:100]}",1\n'.encode())
            said.filter(has_text="one label only").first.wait_for()
        innocent(page)
    assert not wrong
    assert "csv:" in state(page)["experiment"]
