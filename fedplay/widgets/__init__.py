"""What is on the page: a store, controls, one picture. No mathematics here."""

from fedplay.widgets.playground import Playground
from fedplay.widgets.store import Store

__all__ = ["Playground", "Store"]
