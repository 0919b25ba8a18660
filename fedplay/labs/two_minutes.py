"""The shortest way through: what a federation is, and what makes it hard."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="two-minutes",
    title="Two minutes",
    question="What is federated learning, and what makes it hard?",
    story="Six steps, a sentence each: what a round is, what becomes of it when clients differ or "
    "stay away, and what a model of one's own and privacy cost.",
    knobs=["clients", "alpha", "local_epochs", "participation", "noise_multiplier"],
    views=["inside", "federation", "clients", "privacy"],
    steps=[
        Step(
            "One model, ten clients",
            Experiment(partition="iid", rounds=20),
            view="inside",
            start=True,
            see="The server sends its model to ten clients. Each trains it a little on digits that "
            "it never shows, and sends the change; the server averages the changes.",
            do="Press Play, and watch the thick curve, the global model.",
            change={"play": True},
            why="Federated averaging, FedAvg: McMahan et al. 2017, algorithm 1.",
        ),
        Step(
            "The same digits for all",
            Experiment(partition="iid"),
            view="federation",
            see="Below, every bar is a client and every colour a digit: all hold some of each. The "
            "thin curves, the clients', stay close together.",
            do="Let every client hold a few digits only.",
            change={"partition": "dirichlet", "alpha": 0.1},
            why="Independent and identically distributed (IID) clients are the easy case, and the "
            "rare one.",
        ),
        Step(
            "A few digits for each",
            Experiment(alpha=0.1),
            view="federation",
            see="Now clients pull in different directions. The thick curve rises more slowly, and "
            "on its way the thin ones lie far apart: good for some clients, poor for others.",
            do="Drag Label skew, and see the bars and the curves change.",
            change={"alpha": 1.0},
            why="Label skew, drawn from a Dirichlet distribution (Hsu et al. 2019).",
        ),
        Step(
            "Few come to a round",
            Experiment(partition="shards", clients=20, participation=0.2),
            view="federation",
            see="Only four of twenty clients take part in a round; a filled dot marks who did. "
            "The thick curve jumps: what one cohort teaches, the next one partly undoes.",
            do="Let all of them take part.",
            change={"participation": 1.0},
            why="A cohort is a sample: the more clients differ, the more its mean is off (Li et "
            "al. 2020, ICLR).",
        ),
        Step(
            "A model of one's own",
            Experiment(alpha=0.1, rounds=30),
            view="clients",
            see="Each row is a client. Trained a little more on its own digits, the shared model "
            "serves most clients better.",
            do="Follow a client in all pictures: click on its row.",
            change={"client": 0},
            why="Fine-tuning, the simplest personalisation (Wang et al. 2019).",
        ),
        Step(
            "Noise for privacy",
            Experiment(
                partition="iid",
                clients=200,
                participation=0.3,
                learning_rate=0.5,
                noise_multiplier=1.0,
                delta=0.0005,
            ),
            view="privacy",
            see="Messages are clipped and noise is added, so that nobody can tell from the model "
            "whether a client took part. ε says how well; with two hundred clients it costs "
            "little.",
            do="Leave ten of the two hundred clients.",
            change={"clients": 10},
            why="Differential privacy for clients (McMahan et al. 2018).",
        ),
    ],
)
