"""What becomes of a round to which only some clients come."""

from fedplay.experiment import Experiment
from fedplay.labs.lab import Lab, Step

LAB = Lab(
    name="who",
    title="Who takes part",
    question="What does a round lose when only some clients come to it?",
    story="Phones are asked when they lie idle at a charger, and a hospital's computer may be "
    "slow. The model learns from those who came, and from as much as they could do.",
    knobs=["participation", "clients", "stragglers", "partial_work", "local_epochs", "algorithm"],
    views=["federation", "clients", "drift"],
    guess="Twenty of a million phones take part in each of 30 rounds: how good will the model be?",
    guess_at=4,
    steps=[
        Step(
            "Four of twenty come",
            Experiment(partition="shards", clients=20, participation=0.2),
            view="federation",
            good=False,
            start=True,
            see="Clients have about two digits each, and only four of twenty take part in a round. "
            "The model gets better for those who came and forgets what the others know.",
            do="The thick curve jumps; a thin one rises when its client took part. Let all "
            "take part.",
            change={"participation": 1.0},
            why="The cohort's mean is an unbiased estimate of all clients' mean, with a variance "
            "that grows as clients differ (Li et al. 2020, ICLR).",
        ),
        Step(
            "Stragglers left out",
            Experiment(
                partition="shards",
                clients=20,
                participation=0.2,
                local_epochs=5,
                stragglers=0.9,
                partial_work="dropped",
            ),
            view="federation",
            good=False,
            see="Nine in ten clients are too slow for five epochs, and the server drops them: far "
            "fewer digits are seen in a round. Kept as far as it goes, their work gives all of it "
            "back.",
            do="Set partial work to kept: almost as if no client were late.",
            change={"partial_work": "kept"},
            why="FedProx (Li et al. 2020) keeps what stragglers have done by the deadline; FedAvg, "
            "as first written, waits or drops them.",
        ),
        Step(
            "Seen too rarely",
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
            view="drift",
            good=False,
            see="Two of two hundred clients come in a round. What they remember of their gradients "
            "is a hundred rounds old and far too long: SCAFFOLD's option I goes astray where "
            "FedAvg learns.",
            do="Set the control variate to II: what is remembered is a mean of small steps.",
            change={"scaffold_option": "II"},
            why="A control variate helps only while it is about the present model; the rarer a "
            "client comes, the older it is (Reddi et al. 2021 see the same on real tasks).",
        ),
        Step(
            "A million phones",
            Experiment(
                partition="resampled",
                clients=1_000_000,
                participation=2e-5,
                rounds=30,
                learning_rate=0.3,
            ),
            view="federation",
            good=True,
            see="Twenty of a million phones take part in a round, with twenty examples each. "
            "Hardly one is asked twice, and after 600 of them the model reads four digits in five.",
            do="Hardly a client that you see has ever taken part. Follow one of them.",
            change={"client": 0},
            why="Cross-device federations meet most clients once, so nothing can be remembered of "
            "a client between rounds (Kairouz et al. 2021, table 1).",
        ),
    ],
)
