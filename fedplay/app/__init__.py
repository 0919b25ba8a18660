"""The Playground as an app of its own: one notebook in a browser window, served by Voilà."""
