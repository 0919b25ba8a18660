"""Each client's accuracy with three models."""
