"""The address of a page that opens with an experiment in it: what Share's link is, and for whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

# Of pages in which a person works on a notebook: they do not open with an experiment.
WORKBENCH = re.compile(r"/(lab|tree|notebooks|nbclassic|edit|doc|consoles|retro)(/|$)")
HUB = re.compile(r"(https?://[^/]+)(/.*)?/user/[^/]+/(.*)")  # of JupyterHub: a page of one person's
HERE = re.compile(r"https?://(localhost|127\.[0-9.]+|\[::1\]|[^/:]+\.localhost)(:[0-9]+)?/.*")


class Link(NamedTuple):
    """A link, and what is to be said of it."""

    text: str
    note: str


def link_to(token: str, address: str, environ: Mapping[str, str]) -> Link:
    """The link to a page with an experiment in it, or the token alone where there is none.

    address: of the page, without its query and fragment (which may hold the app's secret token, so
             that no link has it); "" where it is not known
    environ: of the kernel, which says whether this is Binder

    On Binder a page lasts as long as its session, so the link starts one anew; on JupyterHub it
    leads to a server of whoever opens it.
    """
    if not address or WORKBENCH.search(address):
        return Link(token, "")
    on_hub = HUB.fullmatch(address)
    if on_hub:
        host, base, path = on_hub[1], on_hub[2] or "", on_hub[3]
        launch, request = environ.get("BINDER_LAUNCH_HOST"), environ.get("BINDER_REQUEST")
        if launch and request:
            urlpath = quote(f"{path}?fp={token}", safe="")
            return Link(f"{launch.rstrip('/')}/{request.strip('/')}?urlpath={urlpath}", "")
        return Link(f"{host}{base}/hub/user-redirect/{path}?fp={token}", "")
    note = "It opens on this computer only, while the app runs." if HERE.fullmatch(address) else ""
    return Link(f"{address}?fp={token}", note)
