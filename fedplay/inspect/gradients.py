"""How much the clients' gradients differ at a model: what makes local steps drift apart."""

from __future__ import annotations

import numpy as np

from fedplay.data import Dissimilarity
from fedplay.data import dissimilarity as of_gradients
from fedplay.engine.loop import Run
from fedplay.scopes import calmed
from fedplay.stages.base import Array


@calmed
def dissimilarity(run: Run, w: Array, *, equally: bool = False) -> Dissimilarity:
    """The dissimilarity of the clients' gradients at the model w (P,).

    Each client's gradient is that of its loss over all its training examples; clients without
    any are left out, and of more than a thousand clients it is the panel's. They weigh as many
    examples as they have (FedProx), or the same (`equally`: SCAFFOLD). NaN for a model that is not
    finite. What the two numbers are, and where they come from, is said in `fedplay.data.skew`.
    """
    sizes = run.federation.sizes[run.panel]
    ids = run.panel[sizes > 0]
    if not np.isfinite(w).all():
        return Dissimilarity(np.nan, np.nan)
    gradients = run.trainer.gradient(np.repeat(w[None], len(ids), axis=0), ids)
    # Seen in a unit in which their squares neither overflow nor vanish.
    largest = float(np.abs(gradients).max(initial=0.0))
    unit = float(np.exp2(np.floor(np.log2(largest)))) if 0 < largest < np.inf else 1.0
    gradients = gradients.astype(np.float64) / unit
    B, G = of_gradients(gradients, None if equally else run.federation.sizes[ids])
    return Dissimilarity(B, G * unit)
