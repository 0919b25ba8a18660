"""Texts from outside: quoted in a refusal, escaped in HTML, checked where they name a number."""

from __future__ import annotations

import html
import re

_TOLD = re.compile("[a-z][a-z0-9_]{0,39}", flags=re.ASCII)


def quoted(hostile: str) -> str:
    """At most 60 characters of a text from outside, in quotes and without control characters."""
    shown = repr(hostile[:60])
    return shown if len(shown) <= 60 and len(hostile) <= 60 else shown[:56] + "..."


def check_told_name(name: object) -> str:
    """The name of a number that a stage tells of a round. ValueError for what can be none."""
    if isinstance(name, str) and _TOLD.fullmatch(name):
        return name
    words = "must be a small letter, then up to 39 of these, digits and underscores"
    raise ValueError(f"{quoted(str(name))} is no name: {words}")


def escape(text: object) -> str:
    """Text from data as HTML that shows it, in element content or in a quoted attribute.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(str(text), quote=True)
