"""What a round is, and how many of them it takes."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="round",
    title="One round",
    question="How do ten clients train one model without showing their data?",
    story="A server sends a model to its clients. Each trains it on its own examples for a few "
    "steps and sends the change back; the server averages the changes. That is one round.",
    knobs=["clients", "rounds", "local_epochs", "learning_rate", "batch_size"],
    views=["inside", "federation"],
    guess="Ten local epochs a round instead of one: how good is the model after 20 rounds?",
    guess_at=3,
    steps=[
        Step(
            "One round inside",
            Experiment(partition="shards", clients=4, local_epochs=5, rounds=20),
            view="inside",
            good=True,
            start=True,
            see="In each round four clients with different digits drift apart, and forget what "
            "they don't have. In nearly every round the average reads more digits than any of "
            "them.",
            do="Press Step: from one model to four, and from four back to one.",
            change={"round": 1},
            why="Each client takes gradient steps on its own examples only; the server averages "
            "the models by how many examples each client has. McMahan et al. 2017, algorithm 1.",
        ),
        Step(
            "Everyone alike",
            Experiment(partition="iid"),
            view="federation",
            good=True,
            see="Ten clients share the digits at random, so all pull the same way: after five "
            "rounds the model reads at least four digits in five.",
            do="Look at a thin curve, a client's: most stay close to the thick one. Follow "
            "client 1.",
            change={"client": 0},
            why="Where all clients draw from one distribution, each local gradient is an estimate "
            "of the same full gradient, and averaging only makes it better.",
        ),
        Step(
            "Work longer, talk less",
            Experiment(partition="iid", local_epochs=10, rounds=20),
            view="federation",
            good=True,
            see="Ten local epochs a round instead of one: 90 % takes at most half as many rounds. "
            "Where clients are alike, computing can replace talking.",
            do="Set local epochs to 1, and count the rounds until 90 %.",
            change={"local_epochs": 1},
            why="A round costs one exchange of models however long clients compute. McMahan et al. "
            "2017 need 10 to 100 times fewer rounds this way.",
        ),
        Step(
            "Too fast to learn",
            Experiment(
                partition="iid", model="mlp", batch_size=None, learning_rate=10.0, rounds=30
            ),
            view="federation",
            good=False,
            see="A step of this length leaps over the valley it should go down into: within three "
            "rounds the loss has grown tenfold, and the model ends up guessing.",
            do="Turn the learning rate down to 1, and the same model learns.",
            change={"learning_rate": 1.0},
            why="Gradient descent is stable only while the rate is below 2 over the curvature. "
            "Averaging does not help here: all clients leap in the same direction.",
        ),
    ],
)
