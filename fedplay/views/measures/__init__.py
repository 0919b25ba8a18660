"""What stages and measures tell of every round."""
