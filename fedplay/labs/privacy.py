"""What noise costs, and what makes it cheap."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

NOISY = {
    "partition": "iid",
    "participation": 0.3,
    "learning_rate": 0.5,
    "noise_multiplier": 1.0,
    "delta": 0.0005,
}

LAB = Lab(
    name="privacy",
    title="Privacy",
    question="What does it cost to hide whether a client took part?",
    story="Data never leave a client, but what it sends was computed from them. Clipping and noise "
    "bound what a message can tell; ε says how much that is.",
    knobs=["noise_multiplier", "clip", "clients", "participation", "rounds", "delta"],
    views=["privacy", "federation"],
    guess="The same ε, but two hundred clients instead of ten: where will the model end?",
    guess_at=2,
    steps=[
        Step(
            "Privacy for ten",
            Experiment(**NOISY),
            view="privacy",
            good=False,
            see="Noise must hide whether a client took part. One of ten has a large share in the "
            "average, so the noise is large too, and the model drowns in it.",
            do="Set clients to 200: the same ε, and the accuracy is back.",
            change={"clients": 200},
            why="DP-FedAvg: updates clipped to S, averaged over the expected cohort qN, noise of "
            "z·S/(qN) added (McMahan et al. 2018).",
        ),
        Step(
            "Privacy in a crowd",
            Experiment(**NOISY, clients=200),
            view="privacy",
            good=True,
            see="The same ε for two hundred: each has a small share in the average, little noise "
            "hides it, and the model learns almost as if there were none.",
            do="Set the noise to 0: the curve hardly changes.",
            change={"noise_multiplier": 0.0},
            why="The noise in the average falls as 1/N, while ε depends on the noise multiplier, "
            "the rounds and the sampling rate alone.",
        ),
        Step(
            "Fewer at a time",
            Experiment(**NOISY | {"participation": 0.1}, clients=200),
            view="privacy",
            good=True,
            see="A tenth of the crowd in a round instead of three tenths: whoever looks at the "
            "result is less sure who was there, so that the same noise costs less than half the ε.",
            do="Set participation to 0.3, and read ε after the last round.",
            change={"participation": 0.3},
            why="Amplification by sampling: the accountant follows Mironov et al. 2019, the "
            "cohorts are Poisson samples as it asks.",
        ),
    ],
)
