"""Plain figures for scripts and papers."""
