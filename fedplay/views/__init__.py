"""Views: a folder for each. What a view shows is computed in its `analysis`."""
