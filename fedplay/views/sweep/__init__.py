"""All values of one knob."""
