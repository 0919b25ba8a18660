"""Privacy: how much epsilon the noise buys, and how it adds up over the rounds.

Nothing here needs more than numpy, so the accountant can be read, and used, on its own.
"""

from __future__ import annotations

from fedplay.privacy.accountant import (
    ORDERS,
    epsilon,
    epsilon_from_rdp,
    noise_multiplier_for,
    rdp_sampled_gaussian,
)

__all__ = [
    "ORDERS",
    "epsilon",
    "epsilon_from_rdp",
    "noise_multiplier_for",
    "rdp_sampled_gaussian",
]
