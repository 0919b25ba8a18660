"""What stands in front where nothing is asked: the knobs that matter first, and no walk."""

from fedplay.labs.lab import Lab

FREE = Lab(
    name="free",
    title="Free play",
    question="Drag a slider: the whole federation is trained again while you drag.",
    knobs=["clients", "alpha", "local_epochs", "learning_rate", "participation", "algorithm"],
    views=["federation", "inside", "drift", "compare"],
)
