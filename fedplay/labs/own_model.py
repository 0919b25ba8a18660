"""When a client should fit the shared model to itself, and how."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="own",
    title="A model of one's own",
    question="When is a client better served by a model of its own?",
    story="A shared model is a compromise. A client can train it a little more, keep a model of "
    "its own that is pulled towards it, or share only some layers.",
    knobs=["personal", "algorithm", "finetune_epochs", "ditto_lambda", "personal_layers", "alpha"],
    views=["clients", "models", "federation"],
    curves=["mean", "personal", "alone"],
    guess="Ten digits dealt out unevenly: where will the global model end?",
    guess_at=1,
    steps=[
        Step(
            "Make it your own",
            Experiment(alpha=0.1, rounds=30),
            view="clients",
            good=True,
            see="A client that trains the finished model a little more on its own digits fits it "
            "to them. Where clients differ, more of them gain by this than lose.",
            do="The curve “fine-tuned” ends above “clients' mean”. Deal the digits out more "
            "evenly.",
            change={"alpha": 10.0},
            why="Fine-tuning is the baseline that every method of personalisation has to beat "
            "(Wang et al. 2019; Wu et al. 2022).",
        ),
        Step(
            "Nothing to make your own",
            Experiment(
                partition="iid",
                model="mlp",
                clients=50,
                rounds=30,
                learning_rate=0.5,
                finetune_epochs=10,
            ),
            view="clients",
            good=False,
            see="Where all are alike, a client's few examples have nothing to add to what "
            "everybody taught the model. Fine-tuning on them makes more clients worse than better.",
            do="The curve “fine-tuned” ends below “clients' mean”. Tune for one epoch only.",
            change={"finetune_epochs": 1},
            why="A few examples fitted closely are overfitting: what is gained on them is lost on "
            "the client's held-out ones.",
        ),
        Step(
            "A pull that fits",
            Experiment(alpha=0.1, clients=50, rounds=40, personal="ditto", ditto_lambda=3.0),
            view="clients",
            good=True,
            see="With Ditto a client trains its own model, pulled towards the shared one. On "
            "average it is better than the shared one, and better than what the client would make "
            "alone.",
            do="Drag λ to 0.01: the pull is gone, and so is what the others knew.",
            change={"ditto_lambda": 0.01},
            why="Ditto minimises the client's own loss plus λ/2 ‖v − w‖² beside the shared model w "
            "(Li et al. 2021, algorithm 1).",
        ),
        Step(
            "A pull too weak",
            Experiment(partition="iid", clients=20, rounds=40, personal="ditto", ditto_lambda=0.03),
            view="clients",
            good=False,
            see="Ditto where all are alike, with hardly any pull: each client's own model is "
            "nearly the one it would make alone, and most clients lose by having it.",
            do="Drag λ to 10: the own models come up to the shared one.",
            change={"ditto_lambda": 10.0},
            why="λ goes from a model alone (0) to the shared one (∞); which is best depends on how "
            "much clients differ (Li et al. 2021, section 3).",
        ),
        Step(
            "A head of one's own",
            Experiment(
                alpha=0.1,
                rounds=30,
                local_epochs=2,
                model="mlp",
                hidden=(32,),
                algorithm="fedper",
            ),
            view="models",
            good=True,
            see="FedPer shares the first layer and leaves each client its last one. Clients with "
            "few digits read more of their own than with one FedAvg model for all.",
            do="Set personal layers to 0, which is FedAvg; and look how “each alone” does.",
            change={"personal_layers": 0},
            why="The body learns features that all can use, the head stays with its client and is "
            "never sent (Arivazhagan et al. 2019).",
        ),
    ],
)
