"""When one shared model cannot serve everybody."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

TWO = {"partition": "iid", "shift": "permuted", "groups": 2, "rounds": 40}

LAB = Lab(
    name="several",
    title="Several shared models",
    question="What if the clients' rules contradict each other?",
    story="Where one client calls a seven what the other calls a two, no single model is right "
    "for both. The server can keep several, and each client takes the one that fits it best.",
    knobs=["algorithm", "clusters", "cluster_start", "groups", "clients", "rounds"],
    views=["federation", "clients", "models"],
    curves=["mean", "personal", "alone"],
    guess="Every other client gives the same digits other names: how good will one model be?",
    guess_at=1,
    steps=[
        Step(
            "Two languages",
            Experiment(**TWO),
            view="federation",
            good=False,
            see="Every other client gives the same digits other names. No single model can please "
            "both: the shared one is right about half the time, and nearly every client is better "
            "alone.",
            do="Compare “each alone” with “clients' mean”; then try two shared models.",
            change={"algorithm": "ifca", "cluster_start": "apart"},
            why="The rule from features to labels differs (concept shift): more data of the other "
            "language cannot help.",
        ),
        Step(
            "Two languages, two models",
            Experiment(**TWO, algorithm="ifca", cluster_start="apart"),
            view="clients",
            good=True,
            see="Two shared models, and each client takes the one that fits it better: the two "
            "languages part by themselves, and clients read more on average than each would alone.",
            do="The curve “cluster's model” ends above “each alone”. Begin with identical models.",
            change={"cluster_start": "identical"},
            why="IFCA (Ghosh et al. 2020): in every round a client is sent all models, trains the "
            "one with the lowest loss on its examples, and sends that back.",
        ),
        Step(
            "All from one start",
            Experiment(**TWO, algorithm="ifca", cluster_start="identical"),
            view="clients",
            good=False,
            see="The same two models, but they begin as one. All clients find them equally good "
            "and take the first, and the second is never trained: two languages in one model "
            "again.",
            do="Set Initial models to apart.",
            change={"cluster_start": "apart"},
            why="What IFCA finds depends on where its models begin; the paper's theorem 1 asks for "
            "starts that are close to the clusters' optima.",
        ),
    ],
)
