"""Models, batched over clients on flat parameter vectors. One file an idea."""

from fedplay.models.base import Model, Network, Workspace, likeliest
from fedplay.models.bilinear import Bilinear
from fedplay.models.mlp import MLP, Softmax
from fedplay.models.quadratic import Quadratic
from fedplay.registry import register

register(Softmax, "softmax")
register(MLP, "mlp")
register(Quadratic, "quadratic")
register(Bilinear, "bilinear")

__all__ = ["MLP", "Bilinear", "Model", "Network", "Quadratic", "Softmax", "Workspace", "likeliest"]
