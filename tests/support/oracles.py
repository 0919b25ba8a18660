"""What every entry of every slot is held against: the one list.

`tools/conformance.py` writes docs/conformance.md from it; `tests/contract/test_contract.py` asks
that every entry is in it. A new method adds a row here; `error` is computed anew each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fedplay.data import Digits, Writers
from tests.engine import test_closed_forms as closed
from tests.support import measures as m


@dataclass(frozen=True)
class Oracle:
    """One comparison. An entry may have several."""

    source: str  # paper and equation
    against: str  # what it is compared with, and in what the error is measured
    test: str  # "module:test", which searches
    error: Callable[[], float]
    exact: bool = False  # whether nothing but 0 will do, on any machine


PLAIN = "a loop over one client and one batch"
LOOP = f"{PLAIN}, written from the paper"
REST = "its closed-form fixed point on quadratics: how far a round moves from it"
OPTIMUM = "the optimum of the mean of quadratics: how far a round moves from it"
MOMENT = "E Σ share² = (α + 1) / (Nα + 1), relative"
OURS = "no paper: its definition"
PAPER = "engine.test_methods:test_equals_a_plain_loop_written_from_its_paper"
ENGINE = "engine.test_engine:test_equals_the_plain_loop"
MCMAHAN, REDDI = "McMahan et al. 2017", "Reddi et al. 2021, Algorithm 2"


def loop(source: str, name: str) -> Oracle:
    return Oracle(source, LOOP, PAPER, partial(m.paper, name))


def own(source: str, name: str) -> Oracle:
    test = "engine.test_personal:test_equals_a_plain_loop_written_from_its_paper"
    against = f"{LOOP}: the server's model and every client's own"
    return Oracle(source, against, test, partial(m.own_models, name))


def scaffold_rests(clients, weights):
    return closed.at_rest(clients, "variate", "variate", weights)


def feddyn_rests(clients, weights):
    return closed.at_rest(clients, "g", "h", weights)


def rests(source, against, test, star, **choices) -> Oracle:
    return Oracle(
        source,
        against,
        f"engine.test_closed_forms:{test}",
        partial(m.fixed_point, 7, 0.2, star, **choices),
    )


DATA = {
    "digits": Oracle(
        "Alpaydin & Kaynak 1998",
        "`sklearn.datasets.load_digits`, pixels and labels",
        "data.test_data:test_digits_are_those_of_scikit_learn",
        partial(m.digits, Digits()),
        exact=True,
    ),
    "writers": Oracle(
        "Alpaydin & Kaynak 1998",
        "`sklearn.datasets.load_digits`, pixels and labels",
        "data.test_data:test_a_writer_is_one_filled_in_form",
        partial(m.digits, Writers()),
        exact=True,
    ),
    "moons": Oracle(
        "`sklearn.datasets.make_moons`",
        "two half circles of radius 1, without spread",
        "data.test_data:test_planar_shapes_without_spread",
        m.moons,
    ),
    "circles": Oracle(
        "`sklearn.datasets.make_circles`",
        "circles of radius 1 and ½, without spread",
        "data.test_data:test_planar_shapes_without_spread",
        m.circles,
    ),
    "blobs": Oracle(
        "`sklearn.datasets.make_blobs`",
        "centres evenly on the unit circle, without spread",
        "data.test_data:test_planar_shapes_without_spread",
        m.blobs,
    ),
    "cancer": Oracle(
        "Street, Wolberg & Mangasarian 1993",
        "`load_breast_cancer`, standardised by scikit-learn",
        "data.test_data:test_cancer_is_standardised",
        m.cancer,
    ),
    "quadratics": Oracle(
        "f_i = a_i (x − x_i)² / 2",
        "the a_i and x_i that were drawn or given",
        "data.test_quadratics:test_every_client_has_copies_of_its_own_problem",
        m.quadratics,
        exact=True,
    ),
    "representation": Oracle(
        "Collins et al. 2021, section 5.1",
        "targets h · B x without noise, B with orthonormal rows",
        "engine.test_personal:test_fedrep_recovers_the_subspace_of_its_paper",
        m.representation,
    ),
    "synthetic": Oracle(
        "Li et al. 2020, section 5.1, and their code",
        "the variance α² + 1/600 of a device's mean rule, relative, over 3000 devices",
        "data.test_data:test_the_rules_of_devices_have_the_moments_of_the_definition",
        m.synthetic,
    ),
    "penguins": Oracle(
        "Gorman, Williams & Fraser 2014",
        "the table of the package palmerpenguins, standardised",
        "data.test_data:test_penguins_are_those_of_the_package",
        m.penguins,
    ),
    "arrays": Oracle(
        OURS,
        "the rows that each client was given",
        "data.test_data:test_examples_stay_with_their_client",
        m.arrays,
        exact=True,
    ),
}
PARTITIONS = {
    "iid": Oracle(
        f"{MCMAHAN}, section 3",
        "the hypergeometric mean of a class, relative, over 2000 seeds",
        "data.test_partitions:test_iid_is_independent_of_the_label",
        m.iid,
    ),
    "dirichlet": Oracle(
        "Yurochkin et al. 2019, section 4",
        f"{MOMENT}, over 20,000 draws",
        "data.test_partitions:test_dirichlet_second_moment",
        m.dirichlet,
    ),
    "shards": Oracle(
        f"{MCMAHAN}, section 3",
        "whole shards of the sorted labels: examples outside of one",
        "data.test_partitions:test_shards_are_runs_of_the_sorted_labels",
        m.shards,
        exact=True,
    ),
    "classes": Oracle(
        "Li et al. 2022, section IV-A1",
        "k classes a client: the difference to k",
        "data.test_partitions:test_everybody_has_so_many_classes",
        m.classes,
        exact=True,
    ),
    "table": Oracle(
        "Hamilton 1792 (largest remainders)",
        "examples of each class and client: the difference to exact fractions, rounded",
        "data.test_class_table:test_largest_remainders_are_hamiltons_method",
        m.class_table,
        exact=True,
    ),
    "quantity": Oracle(
        "Li et al. 2022, section IV-C",
        f"{MOMENT}, over 600 draws".replace("α", "β"),
        "data.test_partitions:test_sizes_follow_a_dirichlet_draw",
        m.quantity,
    ),
    "natural": Oracle(
        OURS,
        "each client has its own examples: examples of others",
        "data.test_partitions:test_natural_keeps_the_writers_apart",
        m.natural,
        exact=True,
    ),
    "resampled": Oracle(
        "Hsu, Qi & Brown 2019, section 3",
        "two draws of a client agree with probability (α + 1) / (Cα + 1), relative, 3000 clients",
        "data.test_partitions:test_resampled_class_mix_is_dirichlet",
        m.resampled,
    ),
    "regions": Oracle(
        OURS,
        "the order along the first singular vector: examples elsewhere",
        "data.test_regions:test_along_the_direction_of_the_largest_variance",
        m.regions,
        exact=True,
    ),
}
SHIFTS = {
    "none": Oracle(
        OURS,
        "the federation as it was",
        "data.test_shifts:test_one_group_is_no_shift",
        m.unshifted,
        exact=True,
    ),
    "rotation": Oracle(
        "Ghosh et al. 2020, section 6",
        "a loop over pixels with bilinear interpolation",
        "data.test_shifts:test_other_angles_are_bilinear",
        m.rotation,
    ),
    "brightness": Oracle(
        OURS,
        "the factors 1, .85, .7, .55, .4",
        "data.test_shifts:test_the_last_group_is_the_dimmest",
        m.brightness,
    ),
    "noise": Oracle(
        "Li et al. 2022, section IV-B",
        "the standard deviation stated, relative, over 38,000 numbers a group",
        "data.test_shifts:test_noise_grows_with_the_group",
        m.noise,
    ),
    "permuted": Oracle(
        "Sattler, Müller & Samek 2021, section V",
        "one permutation a group: labels that it does not explain",
        "data.test_shifts:test_every_group_has_names_of_its_own",
        m.permuted,
        exact=True,
    ),
}
METHODS = {
    "model/softmax": Oracle(
        "multinomial logistic regression", PLAIN, ENGINE, partial(m.network, "softmax")
    ),
    "model/mlp": Oracle(
        "the chain rule, example by example", PLAIN, ENGINE, partial(m.network, "mlp")
    ),
    "model/quadratic": rests(
        "f_i = a_i (x − x_i)² / 2",
        REST,
        "test_a_round_at_the_fixed_point_changes_nothing",
        m.rests_at(0.0),
    ),
    "model/bilinear": Oracle(
        "Collins et al. 2021, eq. 3",
        "the product rule, example by example: its gradient",
        "engine.test_personal:test_fedrep_recovers_the_subspace_of_its_paper",
        m.bilinear,
    ),
    "schedule/uniform": Oracle(
        f"{MCMAHAN}, Algorithm 1",
        "every client in a quarter of 2000 rounds",
        "privacy.test_privacy:test_a_fixed_cohort_is_a_uniform_set",
        m.uniform,
    ),
    "schedule/poisson": Oracle(
        "McMahan et al. 2018, Algorithm 1, line 5",
        "every client in 3 of 10 of 2000 rounds",
        "privacy.test_privacy:test_clients_toss_their_own_coins",
        m.poisson,
    ),
    "channel/dp": Oracle(
        "McMahan et al. 2018, Algorithm 1",
        LOOP,
        "privacy.test_privacy:test_equals_a_plain_loop_of_the_paper",
        m.dp,
    ),
    "aggregate/mean": Oracle(
        f"{MCMAHAN}, Algorithm 1",
        "`numpy.average` with weights n_k, and with equal ones",
        ENGINE,
        partial(m.combined, "mean"),
    ),
    "aggregate/fixed": Oracle(
        "McMahan et al. 2018, f̃_f",
        "the sum divided by q·N",
        "privacy.test_privacy:test_equals_a_plain_loop_of_the_paper",
        partial(m.combined, "fixed"),
    ),
    "server/sgd": Oracle(
        "Reddi et al. 2021, Algorithm 1",
        "w + η_s m",
        "contract.test_contract:test_the_server_step_is_its_formula",
        m.server_sgd,
    ),
    "server/momentum": loop("Hsu, Qi & Brown 2019, section 4.3", "momentum"),
    "server/adagrad": loop(REDDI, "adagrad"),
    "server/adam": loop(REDDI, "adam"),
    "server/yogi": loop(REDDI, "yogi"),
    "personal/finetune": Oracle(
        OURS,
        f"{PLAIN}, from the final model: each client's accuracy",
        "engine.test_engine:test_fine_tuning_is_local_sgd_from_the_final_model",
        m.finetune,
    ),
    "personal/ditto": own("Li et al. 2021, Algorithm 1", "ditto"),
    "personal/apfl": own("Deng et al. 2020, Algorithm 1", "apfl"),
    "personal/interpolation": own("Mansour et al. 2020, section 5", "interpolation"),
    "personal/none": Oracle(
        OURS,
        "the global model, at every client",
        "engine.test_personal:test_nothing_personal_is_the_global_model",
        m.as_given,
        exact=True,
    ),
}
FIXED = "test_a_round_at_the_fixed_point_changes_nothing"
SCAFFOLD, FEDNOVA = "Karimireddy et al. 2020, Algorithm 1", "Wang et al. 2020, eq. 7"
IFCA = "Ghosh et al. 2020, Algorithm 1"
ALGORITHMS = {
    "fedavg": (
        loop(f"{MCMAHAN}, Algorithm 1", "fedavg"),
        rests("s = 1 − (1 − ηa)^K", REST, FIXED, m.rests_at(0.0)),
    ),
    "fedprox": (
        loop("Li et al. 2020, Algorithm 2", "fedprox"),
        rests(
            "s = a/(a+μ)·(1 − (1 − η(a+μ))^K)", REST, FIXED, m.rests_at(0.7),
            algorithm="fedprox", mu=0.7,
        ),
    ),
    "scaffold": (
        loop(f"{SCAFFOLD}, option I", "scaffold I"),
        loop(f"{SCAFFOLD}, option II", "scaffold II"),
        rests(
            SCAFFOLD, OPTIMUM, "test_scaffold_rests_at_the_plain_optimum", scaffold_rests,
            algorithm="scaffold",
        ),
    ),
    "feddyn": (
        loop("Acar et al. 2021, Algorithm 1", "feddyn"),
        rests(
            "Acar et al. 2021, Algorithm 1", OPTIMUM,
            "test_feddyn_rests_at_the_plain_optimum", feddyn_rests,
            algorithm="feddyn", feddyn_alpha=0.3,
        ),
    ),
    "fednova": (
        loop(FEDNOVA, "fednova"),
        rests(
            "Σ w(s/τ)x / Σ w(s/τ)", REST,
            "test_fednova_rests_at_its_own_point_and_contracts_by_its_factor", m.nova_rests,
            algorithm="fednova", batch_size=1, local_epochs=2,
        ),
    ),
    "fedper": (own("Arivazhagan et al. 2019, Algorithm 1", "fedper"),),
    "fedrep": (own("Collins et al. 2021, Algorithm 1", "fedrep"),),
    "pfedme": (own("Dinh et al. 2020, Algorithm 1", "pfedme"),),
    "perfedavg": (own("Fallah et al. 2020, Algorithm 1, first order", "perfedavg"),),
    "ifca": (
        own(f"{IFCA}, from noise", "ifca random"),
        own(f"{IFCA}, from clients' models", "ifca apart"),
        own(f"{IFCA}, from one model", "ifca identical"),
    ),
    "fedsgd": (loop(f"{MCMAHAN}, section 2", "fedsgd"),),
    "centralised": (loop("no paper: SGD on one heap", "centralised"),),
}  # fmt: skip

ORACLES: dict[str, tuple[Oracle, ...]] = {
    **{f"data/{name}": (one,) for name, one in DATA.items()},
    **{f"partition/{name}": (one,) for name, one in PARTITIONS.items()},
    **{f"shift/{name}": (one,) for name, one in SHIFTS.items()},
    **{f"algorithm/{name}": several for name, several in ALGORITHMS.items()},
    **{entry: (one,) for entry, one in METHODS.items()},
}
