"""The screen: every widget of the Playground, and what happens when one is used."""
