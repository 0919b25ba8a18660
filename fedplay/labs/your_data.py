"""Other data than digits: points, a table, and what one draws oneself."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="data",
    title="Your own data",
    question="Does it work on data that you know, or have made yourself?",
    story="Points that can be seen, birds that were measured on three islands, a table of your "
    "own (a CSV file never leaves the computer that runs this), and digits that you draw.",
    knobs=["data", "partition", "clients", "model", "hidden", "learning_rate"],
    views=["boundary", "mine", "federation", "clients"],
    curves=["mean", "clients", "alone"],
    guess="Three islands, none with all three species of penguins: how many will the model name?",
    guess_at=2,
    steps=[
        Step(
            "Two moons",
            Experiment(
                data="moons",
                partition="iid",
                model="mlp",
                hidden=(16,),
                learning_rate=1.0,
                local_epochs=5,
            ),
            view="boundary",
            good=True,
            see="Two moons that no straight line can part. One hidden layer of sixteen units bends "
            "the boundary between them: it is right nineteen times in twenty.",
            do="Choose the model softmax, which has no hidden layer: its boundary is a line.",
            change={"model": "softmax"},
            why="softmax is linear in the features; a hidden layer makes new features of them. "
            "Where the boundary lies is computed, point by point.",
        ),
        Step(
            "Three islands",
            Experiment(data="penguins", partition="natural", clients=3),
            view="federation",
            good=True,
            see="Penguins of three species on three islands. No island has all three, and one has "
            "a single species; the shared model still names nineteen in twenty.",
            do="Look at what each island makes alone, and where it falls short.",
            change={"view": "clients"},
            why="Gorman, Williams & Fraser 2014, by way of the palmerpenguins data set (Horst et "
            "al. 2020). A client is an island, as a silo would be.",
        ),
        Step(
            "A digit of your own",
            Experiment(partition="iid", learning_rate=0.5),
            view="mine",
            see="Draw a few digits, say what they are, and join: from then on you are a client "
            "like the others. What you draw stays in this notebook's memory.",
            do="Take the pen and draw on the dark square.",
            change={"view": "mine"},
            why="Your client holds some of the drawings out, as every client does, and is judged "
            "on them.",
        ),
    ],
)
