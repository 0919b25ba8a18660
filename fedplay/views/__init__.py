"""Ideas, drawn: a folder each. What a view shows is computed in its `analysis`."""
