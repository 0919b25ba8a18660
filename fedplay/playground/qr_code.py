"""A link as a QR code, for phones in front of a projector."""

from __future__ import annotations

MISSING = "A QR code needs the package segno: python -m pip install segno"
PIXELS = 4  # css pixels a module, at which a camera reads it from the back of a room once enlarged


class NoCode(ValueError):
    """A text that there is no code of."""


def qr_code(text: str) -> str:
    """The address of a picture (a data URI) of the code; `NoCode` where it cannot be made."""
    try:
        import segno
    except ImportError:
        raise NoCode(MISSING) from None
    try:
        made = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        raise NoCode("This link is too long for a QR code: copy it.") from None
    # White around it and black on it in every theme, or cameras do not find it.
    found: str = made.svg_data_uri(scale=PIXELS, border=4, dark="#000", light="#fff")
    return found
