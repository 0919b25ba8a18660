"""Looking into a run: a round once more, models of single clients, closed forms."""
