"""The clients as a table: sorted, scrolled, saved."""
