"""Ways in which clients' examples differ beyond their labels, one a file."""
