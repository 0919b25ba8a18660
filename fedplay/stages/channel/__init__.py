"""Channel layers: what happens to a message between a client and the server."""

from fedplay.registry import register
from fedplay.stages.channel.dp import DifferentialPrivacy

register(DifferentialPrivacy, "dp")
