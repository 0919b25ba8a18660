"""Runs as they grow, round by round, and are kept; no picture and no widget."""
