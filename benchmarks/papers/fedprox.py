"""Li et al. 2020 (FedProx): stragglers on synthetic(1, 1), and what the proximal term adds."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

import fedplay as fp
from benchmarks.papers.common import NO_LIMIT, found, seeded, spread, table

STRAGGLERS = (0.0, 0.5, 0.9)
ARMS = {
    "dropped, μ 0": {"partial_work": "dropped", "algorithm": "fedavg"},
    "kept, μ 0": {"partial_work": "kept", "algorithm": "fedavg"},
    "dropped, μ 1": {"partial_work": "dropped", "algorithm": "fedprox", "mu": 1.0},
    "kept, μ 1": {"partial_work": "kept", "algorithm": "fedprox", "mu": 1.0},
}
NAMES = ("FedAvg (drops)", "FedAvg, keeping = FedProx μ 0", "FedProx μ 1, dropping", "FedProx μ 1")
LAST = 20  # rounds whose mean counts


def measure(seeds: int = 8, rounds: int = 100, epochs: int = 20) -> dict[str, Any]:
    """Accuracy and loss of the last rounds, by share of stragglers and arm, seed by seed."""
    base = fp.Experiment(
        data="synthetic",
        partition="natural",
        clients=30,
        participation=1 / 3,
        local_epochs=epochs,
        batch_size=10,
        learning_rate=0.01,
        rounds=rounds,
    )
    got: dict[str, Any] = {"seeds": seeds, "rounds": rounds, "epochs": epochs}
    for share in STRAGGLERS:
        for name, choices in ARMS.items():
            if share == 0 and name.startswith("dropped"):
                continue  # nobody is dropped
            exp = base.replace(stragglers=share, **choices)
            runs = [fp.run(seeded(exp, s), limit=NO_LIMIT) for s in range(seeds)]
            got[f"{share} {name}"] = {
                "accuracy": [float(run.accuracy[-LAST:].mean()) for run in runs],
                "loss": [float(run.loss[-LAST:].mean()) for run in runs],
                "swing": [float(np.abs(np.diff(run.accuracy[-LAST:])).mean()) for run in runs],
            }
    return got


def report(got: dict[str, Any]) -> str:
    def arm(share: float, name: str, what: str = "accuracy") -> np.ndarray:
        alike = name.replace("dropped", "kept") if share == 0 else name
        return np.array(got[f"{share} {alike}"][what])

    def change(share: float, after: str, before: str) -> np.ndarray:
        return arm(share, after) - arm(share, before)

    def said(difference: np.ndarray) -> str:
        return f"{100 * median(difference):+.1f}"

    partial = {s: change(s, "kept, μ 0", "dropped, μ 0") for s in STRAGGLERS[1:]}
    alone = {s: change(s, "kept, μ 1", "kept, μ 0") for s in STRAGGLERS}
    mu_dropped = {s: change(s, "dropped, μ 1", "dropped, μ 0") for s in STRAGGLERS[1:]}
    both = {s: change(s, "kept, μ 1", "dropped, μ 0") for s in STRAGGLERS[1:]}
    seeds = got["seeds"]

    def wins(difference: np.ndarray) -> str:
        return f"better in {int((difference > 0).sum())} of {seeds} seeds"

    swing = {name: median(arm(0.0, name, "swing")) for name in ("kept, μ 0", "kept, μ 1")}
    findings = found(
        (
            median(partial[0.9]) > median(alone[0.9]) > 0,
            "With 90 % stragglers most is won by keeping their partial work: "
            f"{said(partial[0.9])} points ({wins(partial[0.9])}). μ = 1 on top of it gives "
            f"{said(alone[0.9])} ({wins(alone[0.9])}); μ = 1 without it, stragglers dropped as in "
            f"FedAvg, {said(mu_dropped[0.9])}.",
        ),
        (
            median(both[0.9]) > 0.1 > median(both[0.5]) > 0,
            f"Both together, FedProx against FedAvg as the paper compares them: {said(both[0.9])} "
            "points at 90 % (the paper: 22 on average over five data sets) and "
            f"{said(both[0.5])} at 50 %.",
        ),
        (
            median(alone[0.0]) > 0.02 and swing["kept, μ 1"] < swing["kept, μ 0"],
            f"Without stragglers μ = 1 gives {said(alone[0.0])} points ({wins(alone[0.0])}), and a "
            "steadier curve: from round to round the accuracy moves by "
            f"{100 * swing['kept, μ 0']:.1f} points without it and by "
            f"{100 * swing['kept, μ 1']:.1f} with it. The paper's curves show the same.",
        ),
        (
            median(partial[0.5]) < 0.02 < median(alone[0.5]),
            "With 50 % stragglers, keeping partial work is worth nothing in "
            f"accuracy ({said(partial[0.5])} points, {wins(partial[0.5])}), and all of the gain is "
            f"μ's ({said(alone[0.5])}, {wins(alone[0.5])}). Half of the cohort is enough here; "
            "partial work matters where hardly anybody finishes.",
        ),
    )
    head = ["stragglers", *NAMES, "partial work gives", "μ gives on top", "test losses"]
    rows = []
    for share in STRAGGLERS:
        cells = [spread(100 * arm(share, name), "{:.1f}".format) for name in ARMS]
        if share == 0:
            cells[0] = cells[2] = "nobody to drop"
        losses = " / ".join(f"{median(arm(share, name, 'loss')):.2f}" for name in ARMS)
        rows.append(
            [
                f"{share:.0%}",
                *cells,
                f"{said(partial[share])} ({wins(partial[share])})" if share else "",
                f"{said(alone[share])} ({wins(alone[share])})",
                losses,
            ]
        )
    return f"""## Li et al. 2020: FedProx and stragglers

*Federated Optimization in Heterogeneous Networks*, MLSys 2020.

Ours: synthetic(1, 1), softmax regression, 30 devices, 10 a round, E = {got["epochs"]}, B = 10,
η = .01, {got["rounds"]} rounds; each client of a round is a straggler with that chance and then
comes to x epochs, x uniform from 1 to E. Test accuracy in percent, mean of the last {LAST} rounds;
{seeds} seeds, each with other data: median (lowest–highest); differences are taken seed by seed,
in points, and their median is given. Theirs: the same setting on one draw of the data, the share of
stragglers exact. The paper prints curves for it (Figure 1, and accuracies in the appendix), no
table; its number in words is 22 points of accuracy on average over five data sets where stragglers
are many, FedProx with the best μ (1 on these data) against FedAvg.

{findings}

{table(head, rows)}
"""
