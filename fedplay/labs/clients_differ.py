"""What becomes of the average where clients hold different data."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="differ",
    title="Clients differ",
    question="What happens when every client holds other data?",
    story="No two phones and no two hospitals hold the same. Labels differ, or the features, or "
    "the rule from one to the other; each kind asks something else of the shared model.",
    knobs=["partition", "alpha", "shards", "clients", "local_epochs", "shift"],
    views=["federation", "clients", "pictures", "boundary"],
    curves=["mean", "clients", "alone"],
    guess="All hold the same digits, but three in four hold them turned: how many will one model "
    "read?",
    guess_at=5,
    steps=[
        Step(
            "A few digits each",
            Experiment(alpha=0.1),
            view="federation",
            good=False,
            start=True,
            see="Most clients hold a few digits only, and each pulls the model towards its own. It "
            "takes at least three times as many rounds to read 80 % as with everyone alike.",
            do="Count the rounds until the thick curve passes 80 %; then deal the digits out "
            "evenly.",
            change={"partition": "iid"},
            why="Label skew: each class is divided among clients by a Dirichlet distribution; the "
            "smaller α, the more unequal (Hsu et al. 2019).",
        ),
        Step(
            "Better off alone",
            Experiment(partition="shards"),
            view="clients",
            good=False,
            see="A client has four digits at most, which are easy to tell apart: most would read "
            "their own better with a model that never joined. The shared one knows all ten.",
            do="Find a client that gains by joining; then deal the digits out evenly.",
            change={"partition": "iid"},
            why="A client is judged on its own held-out examples, which have its own few labels. A "
            "model that must tell ten digits apart has the harder task.",
        ),
        Step(
            "Nobody saw the ring",
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
            view="boundary",
            good=True,
            see="Each client has one slice of two circles. Alone, its model is right in the slice "
            "and wrong beyond; together they find the ring, which nobody has seen whole.",
            do="Click a client: the model it makes alone fits its own points only.",
            change={"client": 0},
            why="The clients' features differ, but one rule fits all of them: then averaging puts "
            "together what each has seen.",
        ),
        Step(
            "One hand each",
            Experiment(data="writers", partition="natural", clients=14, learning_rate=0.5),
            view="pictures",
            good=True,
            see="All write the same digits, each in a hand of their own. A model that never joined "
            "reads its own writer but only three quarters of the others; the shared one reads nine "
            "in ten.",
            do="Compare how two clients write the same digit: follow client 1.",
            change={"client": 0},
            why="Natural clients: the digits are dealt out by who wrote them, as in LEAF's FEMNIST "
            "(Caldas et al. 2018).",
        ),
        Step(
            "Four ways up",
            Experiment(partition="iid", shift="rotation", clients=12, rounds=40),
            view="pictures",
            good=False,
            see="All have the same digits, but a quarter of the clients hold their pictures "
            "upright, the others turned by 90, 180 and 270°. One simple model for all reads about "
            "six in ten.",
            do="Follow client 1, then 2, then 3; each alone does better.",
            change={"client": 0},
            why="Feature shift (Ghosh et al. 2020): one linear model for four rotations has to fit "
            "four tasks at once.",
        ),
    ],
)
