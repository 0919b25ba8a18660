"""Named experiments to begin with, good and bad examples, each with a sentence of why.

Pick one, ask "what will happen?", and let it happen. What the sentences say is tested over several
seeds (`tests/choices/test_presets.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fedplay.experiment import Experiment

View = Literal[
    "federation", "clients", "models", "inside", "drift", "boundary", "pictures", "privacy"
]


@dataclass(frozen=True)
class Preset:
    """An experiment that shows one thing.

    good: whether it is an example of what goes well
    view: what to open beside the curves
    why:  what one sees, and why it is so; plain text of at most 200 characters
    look: what to watch, at most 80 characters
    """

    name: str
    good: bool
    experiment: Experiment
    view: View
    why: str
    look: str


# In the order in which a teacher would go.
PRESETS: tuple[Preset, ...] = (
    Preset(
        "Everyone alike",
        True,
        Experiment(partition="iid"),
        "federation",
        "Ten clients share the digits at random, so all pull the same way: after five rounds the "
        "model reads at least four digits in five.",
        "Most of the thin curves, the clients', stay close to the thick one.",
    ),
    Preset(
        "A few digits each",
        False,
        Experiment(alpha=0.1),
        "federation",
        "Most clients hold a few digits only, and each pulls the model towards its own. It takes "
        "at least three times as many rounds to read 80 % as with everyone alike.",
        "Count the rounds until the thick curve passes 80 %.",
    ),
    Preset(
        "Four of twenty come",
        False,
        Experiment(partition="shards", clients=20, participation=0.2),
        "federation",
        "Clients have about two digits each, and only four of twenty take part in a round. The "
        "model gets better for those who came and forgets what the others know.",
        "The thick curve jumps; a thin one rises when its client took part.",
    ),
    Preset(
        "Work longer, talk less",
        True,
        Experiment(partition="iid", local_epochs=10, rounds=20),
        "federation",
        "Ten local epochs a round instead of one: 90 % takes at most half as many rounds. Where "
        "clients are alike, computing can replace talking.",
        "Set local epochs to 1, and count the rounds until 90 %.",
    ),
    Preset(
        "Too fast to learn",
        False,
        Experiment(partition="iid", model="mlp", batch_size=None, learning_rate=10.0, rounds=30),
        "federation",
        "A step of this length leaps over the valley it should go down into: within three rounds "
        "the loss has grown tenfold, and the model ends up guessing.",
        "Turn the learning rate down to 1, and the same model learns.",
    ),
    Preset(
        "One round inside",
        True,
        Experiment(partition="shards", clients=4, local_epochs=5, rounds=20),
        "inside",
        "In each round four clients with different digits drift apart, and forget what they don't "
        "have. In nearly every round the average reads more digits than any of them.",
        "Step: from one model to four, and from four back to one.",
    ),
    Preset(
        "Drift on paper",
        False,
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
        "drift",
        "In ten steps each client slides into a bowl of its own, so that their average misses the "
        "optimum of all, ✕.",
        "Drag a coloured ring; or set local epochs to 1.",
    ),
    Preset(
        "SCAFFOLD steers",
        True,
        Experiment(
            partition="shards",
            clients=20,
            participation=0.2,
            local_epochs=5,
            algorithm="scaffold",
        ),
        "drift",
        "Every client remembers in which direction it pulls harder than all do, and leaves that "
        "out of its steps. The model reads 85 % in at most three quarters of FedAvg's rounds.",
        "Set the algorithm to fedavg: the thick curve jumps.",
    ),
    Preset(
        "A pull is no cure",
        False,
        Experiment(
            partition="shards",
            clients=20,
            participation=0.2,
            local_epochs=10,
            rounds=20,
            algorithm="fedprox",
            mu=1.0,
        ),
        "drift",
        "FedProx ties clients to the global model: they go less than two thirds as far in a round. "
        "But they still go to the wrong side, so that here it ends below FedAvg, not above.",
        "Set μ to 0, which is FedAvg: longer ways, and a higher end.",
    ),
    Preset(
        "The server remembers",
        True,
        Experiment(alpha=0.1, clients=50, participation=0.1, server="momentum"),
        "drift",
        "Five of fifty clients come in a round, each with a few digits. A server with momentum "
        "goes on in the direction of many rounds: the thick curve jumps less, and ends higher.",
        "Set the server to sgd, which has no memory.",
    ),
    Preset(
        "Stragglers left out",
        False,
        Experiment(
            partition="shards",
            clients=20,
            participation=0.2,
            local_epochs=5,
            stragglers=0.9,
            partial_work="dropped",
        ),
        "federation",
        "Nine in ten clients are too slow for five epochs, and the server drops them: far fewer "
        "digits are seen in a round. Kept as far as it goes, their work gives all of it back.",
        "Set partial work to kept: almost as if no client were late.",
    ),
    Preset(
        "Seen too rarely",
        False,
        Experiment(
            partition="shards",
            clients=200,
            participation=0.01,
            local_epochs=10,
            rounds=200,
            model="mlp",
            hidden=(32,),
            algorithm="scaffold",
            scaffold_option="I",
        ),
        "drift",
        "Two of two hundred clients come in a round. What they remember of their gradients is a "
        "hundred rounds old and far too long: SCAFFOLD's option I goes astray where FedAvg learns.",
        "Set the control variate to II: what is remembered is a mean of small steps.",
    ),
    Preset(
        "Four ways up",
        False,
        Experiment(partition="iid", shift="rotation", clients=12, rounds=40),
        "pictures",
        "All have the same digits, but a quarter of the clients hold their pictures upright, the "
        "others turned by 90, 180 and 270°. One simple model for all reads about six in ten.",
        "Follow client 1, then 2, then 3; each alone does better.",
    ),
    Preset(
        "Two languages",
        False,
        Experiment(partition="iid", shift="permuted", groups=2, rounds=40),
        "federation",
        "Every other client gives the same digits other names. No single model can please both: "
        "the shared one is right about half the time, and nearly every client is better alone.",
        "Compare “each alone” with “clients' mean”.",
    ),
    Preset(
        "Two languages, two models",
        True,
        Experiment(
            partition="iid",
            shift="permuted",
            groups=2,
            rounds=40,
            algorithm="ifca",
            cluster_start="apart",
        ),
        "clients",
        "Two shared models, and each client takes the one that fits it better: the two languages "
        "part by themselves, and clients read more on average than each would alone.",
        "The curve “cluster's model” ends above “each alone”.",
    ),
    Preset(
        "All from one start",
        False,
        Experiment(
            partition="iid",
            shift="permuted",
            groups=2,
            rounds=40,
            algorithm="ifca",
            cluster_start="identical",
        ),
        "clients",
        "The same two models, but they begin as one. All clients find them equally good and take "
        "the first, and the second is never trained: two languages in one model again.",
        "Set Initial models to apart.",
    ),
    Preset(
        "Better off alone",
        False,
        Experiment(partition="shards"),
        "federation",
        "A client has four digits at most, which are easy to tell apart: most would read their own "
        "better with a model that never joined. The shared one knows all ten.",
        "The curve “each alone” ends above “clients' mean”.",
    ),
    Preset(
        "Make it your own",
        True,
        Experiment(alpha=0.1, rounds=30),
        "federation",
        "A client that trains the finished model a little more on its own digits fits it to them. "
        "Where clients differ, more of them gain by this than lose.",
        "The curve “fine-tuned” ends above “clients' mean”.",
    ),
    Preset(
        "Nothing to make your own",
        False,
        Experiment(
            partition="iid",
            model="mlp",
            clients=50,
            rounds=30,
            learning_rate=0.5,
            finetune_epochs=10,
        ),
        "federation",
        "Where all are alike, a client's few examples have nothing to add to what everybody taught "
        "the model. Fine-tuning on them makes more clients worse than better.",
        "The curve “fine-tuned” ends below “clients' mean”.",
    ),
    Preset(
        "A pull that fits",
        True,
        Experiment(alpha=0.1, clients=50, rounds=40, personal="ditto", ditto_lambda=3.0),
        "clients",
        "With Ditto a client trains its own model, pulled towards the shared one. On average it "
        "is better than the shared one, and better than what the client would make alone.",
        "Drag λ to 0.01: the pull is gone, and so is what the others knew.",
    ),
    Preset(
        "A pull too weak",
        False,
        Experiment(partition="iid", clients=20, rounds=40, personal="ditto", ditto_lambda=0.03),
        "clients",
        "Ditto where all are alike, with hardly any pull: each client's own model is nearly the "
        "one it would make alone, and most clients lose by having it.",
        "Drag λ to 10: the own models come up to the shared one.",
    ),
    Preset(
        "A head of one's own",
        True,
        Experiment(
            alpha=0.1,
            rounds=30,
            local_epochs=2,
            model="mlp",
            hidden=(32,),
            algorithm="fedper",
        ),
        "models",
        "FedPer shares the first layer and leaves each client its last one. Clients with few "
        "digits read more of their own than with one FedAvg model for all.",
        "Set personal layers to 0, which is FedAvg; and look how “each alone” does.",
    ),
    Preset(
        "Nobody saw the ring",
        True,
        Experiment(
            data="circles",
            spread=0.1,
            partition="regions",
            model="mlp",
            hidden=(16,),
            clients=5,
            local_epochs=5,
            learning_rate=1.0,
        ),
        "boundary",
        "Each client has one slice of two circles. Alone, its model is right in the slice and "
        "wrong beyond; together they find the ring, which nobody has seen whole.",
        "Click a client: the model it makes alone fits its own points only.",
    ),
    Preset(
        "One hand each",
        True,
        Experiment(data="writers", partition="natural", clients=14, learning_rate=0.5),
        "pictures",
        "All write the same digits, each in a hand of their own. A model that never joined reads "
        "its own writer but only three quarters of the others; the shared one reads nine in ten.",
        "Compare how two clients write the same digit.",
    ),
    Preset(
        "A million phones",
        True,
        Experiment(
            partition="resampled",
            clients=1_000_000,
            participation=2e-5,
            rounds=30,
            learning_rate=0.3,
        ),
        "federation",
        "Twenty of a million phones take part in a round, with twenty examples each. Hardly one is "
        "asked twice, and after 600 of them the model reads four digits in five.",
        "Hardly a client that you see has ever taken part.",
    ),
    Preset(
        "Privacy for ten",
        False,
        Experiment(
            partition="iid",
            participation=0.3,
            learning_rate=0.5,
            noise_multiplier=1.0,
            delta=0.0005,
        ),
        "privacy",
        "Noise must hide whether a client took part. One of ten has a large share in the average, "
        "so the noise is large too, and the model drowns in it.",
        "Set clients to 200: the same ε, and the accuracy is back.",
    ),
    Preset(
        "Privacy in a crowd",
        True,
        Experiment(
            partition="iid",
            clients=200,
            participation=0.3,
            learning_rate=0.5,
            noise_multiplier=1.0,
            delta=0.0005,
        ),
        "privacy",
        "The same ε for two hundred: each has a small share in the average, little noise hides "
        "it, and the model learns almost as if there were none.",
        "Set the noise to 0: the curve hardly changes.",
    ),
)
