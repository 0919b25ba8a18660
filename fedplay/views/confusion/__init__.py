"""Which classes models take for which."""
