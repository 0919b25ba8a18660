"""Why clients that train long walk apart, and what the algorithms against it do."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="drift",
    title="Clients drift",
    question="Why does the average of good models miss the goal, and what helps?",
    story="Many local steps take every client towards its own optimum. The average of where they "
    "end is not where the federation should go. Control variates, a pull and a server with memory "
    "each try to mend that.",
    knobs=["algorithm", "mu", "local_epochs", "learning_rate", "participation", "server"],
    views=["drift", "inside", "compare"],
    guess="FedProx ties clients to the global model: where will it end?",
    guess_at=3,
    steps=[
        Step(
            "Drift on paper",
            Experiment(
                data="quadratics",
                partition="natural",
                model="quadratic",
                clients=3,
                rounds=20,
                local_epochs=10,
                learning_rate=0.2,
                optima=(-2.5, -0.6, 2.0, 1.0, 1.2, -1.0),
                curvatures=(0.3, 4.0, 1.0),
            ),
            view="drift",
            good=False,
            see="In ten steps each client slides into a bowl of its own, so that their average "
            "misses the optimum of all, ✕.",
            do="Drag a coloured ring; or set local epochs to 1.",
            change={"local_epochs": 1},
            why="With E steps the fixed point weighs client k by 1 − (1 − η aₖ)ᴱ instead of by its "
            "curvature aₖ; only for E = 1 the two agree (Charles & Konečný 2021).",
        ),
        Step(
            "SCAFFOLD steers",
            Experiment(
                partition="shards",
                clients=20,
                participation=0.2,
                local_epochs=5,
                algorithm="scaffold",
            ),
            view="drift",
            good=True,
            see="Every client remembers in which direction it pulls harder than all do, and leaves "
            "that out of its steps. The model reads 85 % in at most three quarters of FedAvg's "
            "rounds.",
            do="Set the algorithm to fedavg: the thick curve jumps.",
            change={"algorithm": "fedavg"},
            why="Control variates: local step y ← y − η (g(y) − cₖ + c) (Karimireddy et al. 2020, "
            "algorithm 1). The price: every message is twice as long.",
        ),
        Step(
            "A pull is no cure",
            Experiment(
                partition="shards",
                clients=20,
                participation=0.2,
                local_epochs=10,
                rounds=20,
                algorithm="fedprox",
                mu=1.0,
            ),
            view="drift",
            good=False,
            see="FedProx ties clients to the global model: they go less than two thirds as far in "
            "a round. But they still go to the wrong side, so that here it ends below FedAvg, not "
            "above.",
            do="Set μ to 0, which is FedAvg: longer ways, and a higher end.",
            change={"mu": 0.0},
            why="Each client minimises its own loss plus μ/2 ‖w − w₀‖² (Li et al. 2020). That "
            "shortens the way of every client; it does not turn it.",
        ),
        Step(
            "The server remembers",
            Experiment(alpha=0.1, clients=50, participation=0.1, server="momentum"),
            view="drift",
            good=True,
            see="Five of fifty clients come in a round, each with a few digits. A server with "
            "momentum goes on in the direction of many rounds: the thick curve jumps less, and "
            "ends higher.",
            do="Set the server to sgd, which has no memory.",
            change={"server": "sgd"},
            why="FedAvgM: the server's step is a running mean of the cohorts' updates (Hsu et al. "
            "2019), so that what one cohort forgets another has just learnt.",
        ),
    ],
)
