"""Many runs side by side: methods, all values of a knob, and a run that is kept."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="bench",
    title="Bench",
    question="Which method, or which value of a knob, is better, and is that more than chance?",
    story="One run is an anecdote. Here every method is trained with several seeds, every value of "
    "a knob is tried, and a run is kept to hold others against.",
    knobs=["algorithm", "server", "learning_rate", "local_epochs", "partition", "participation"],
    views=["compare", "clients", "drift"],
    steps=[
        Step(
            "Methods side by side",
            Experiment(partition="shards", clients=20, participation=0.2, local_epochs=5),
            view="compare",
            see="Each curve is the mean of several seeds, the band their range; below stand the "
            "rounds until the target, and whether a difference is larger than chance.",
            do="Take ten times the learning rate, for all methods at once.",
            change={"learning_rate": 1.0},
            why="Methods meet the same data, cohorts and shuffles, seed by seed, so that they are "
            "compared in pairs.",
        ),
        Step(
            "Every value of a knob",
            Experiment(partition="iid", rounds=20),
            see="The name of every knob is a button: it trains a federation with each of the "
            "knob's values. Most of what looks slow is a learning rate that is too low.",
            do="Try every learning rate; a value that you click is taken.",
            change={"every_value": "learning_rate"},
            why="All but the one knob stays as it is, the seeds too; so what differs between two "
            "values is due to the knob.",
        ),
        Step(
            "Held against each other",
            Experiment(alpha=0.1),
            view="clients",
            see="A pinned run stays in the picture, and the list of runs says in which knobs it "
            "differs from the one on the screen.",
            do="Pin this run; then turn any knob.",
            change={"pin": True},
            why="Up to five runs can be kept. A link or a file carries the run on the screen "
            "alone.",
        ),
    ],
)
