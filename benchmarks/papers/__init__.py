"""Tables of fedplay's results beside those of the papers: `make papers` writes README.md anew.

Each script has `measure(...)`, which runs the experiments and returns plain numbers, seed by seed,
and `report(...)`, which turns these into Markdown: settings, findings, tables. The numbers are kept
in results.json, so that sentences and tables can be checked without running anything.
"""
