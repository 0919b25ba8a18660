"""A client of one's own."""
