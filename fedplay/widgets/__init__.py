"""A toolkit on ipywidgets and the page: the picture, controls, messages. No mathematics here."""
