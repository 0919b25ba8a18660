"""What the model looks at, and its mistakes."""
