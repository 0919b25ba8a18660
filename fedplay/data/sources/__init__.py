"""Where tables come from, one kind a file."""
