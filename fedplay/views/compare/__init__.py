"""Methods side by side, over several seeds."""
