"""The view Privacy & cost: ε, bytes and work of a run."""
