"""What is drawn: matplotlib artists that are made once and updated in place. No widget here."""

from fedplay.views.board import Board
from fedplay.views.plot import plot_history

__all__ = ["Board", "plot_history"]
