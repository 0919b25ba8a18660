"""Whatever is copied, pickled, shared by threads or interleaved gives the very same numbers."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest

import fedplay as fp
from fedplay.engine import History
from fedplay.engine.local_work import Work
from fedplay.engine.loop import Run, stream
from fedplay.inspect.client_accuracies import client_accuracies
from fedplay.models import MLP
from fedplay.scopes import _blas, calm
from fedplay.streams import Purpose, Streams

SMALL = dict(rounds=3, clients=6)
EXPERIMENTS = {
    "softmax": {},
    "perceptron": dict(model="mlp", hidden=(8,)),
    "drawn shares": dict(partition="resampled", participation=0.5),
    "scaffold": dict(algorithm="scaffold", scaffold_option="I", participation=0.5),
    "feddyn": dict(algorithm="feddyn"),
    "fedrep": dict(algorithm="fedrep", model="mlp", hidden=(8,)),
    "pfedme": dict(algorithm="pfedme"),
    "perfedavg": dict(algorithm="perfedavg"),
    "ifca": dict(algorithm="ifca"),
    "pooled": dict(algorithm="centralised"),
    "ditto": dict(personal="ditto"),
    "apfl": dict(personal="apfl", stragglers=0.5),
    "noise": dict(noise_multiplier=1.0),
}


def by_joblib(thing):
    file = io.BytesIO()
    joblib.dump(thing, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "joblib": by_joblib,
}


def experiment(name):
    return fp.Experiment(**SMALL | EXPERIMENTS[name])


def models(run):
    return [r.parameters for r in stream(run)]


def late(history):
    return history.local_accuracy, history.personal_accuracy


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_copy_gives_the_same_numbers(name, way):
    exp = experiment(name)
    expected, curves = late(fp.run(exp)), models(Run(exp))
    history = COPIES[way](fp.run(exp))
    assert history.experiment == exp
    np.testing.assert_array_equal(late(history), expected)
    run = Run(exp)
    models(run)  # so that its buffers are there
    np.testing.assert_array_equal(models(COPIES[way](run)), curves)
    np.testing.assert_array_equal(models(run), curves)  # which are its own still


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_threads_that_share_a_run_or_a_history_do_not_disturb_each_other(name):
    exp = experiment(name)
    run, history = Run(exp), fp.run(exp)
    curves, expected = models(Run(exp)), late(fp.run(exp))
    ways = [
        (lambda: models(run), curves),
        (lambda: History.local_accuracy.func(history), expected[0]),
        (lambda: History.personal_accuracy.func(history), expected[1]),
    ]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(way) for way, _ in ways * 3]
        for job, (_, result) in zip(jobs, ways * 3, strict=True):
            np.testing.assert_array_equal(job.result(), result)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_interleaved_streams_of_a_run_are_the_same_and_every_model_is_kept(name):
    run = Run(experiment(name))
    curves, seen = models(run), []
    for one, other in zip(stream(run), stream(run), strict=True):
        seen += [one.parameters.copy()]
        one.parameters[:] = np.nan  # it is the reader's: the run goes on from its own
        np.testing.assert_array_equal(other.parameters, seen[-1])
    np.testing.assert_array_equal(seen, curves)


def local_accuracy(history):
    return history.local_accuracy


def test_a_history_goes_to_another_process_and_back():
    history = fp.run(experiment("softmax"))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(
            pool.apply(local_accuracy, (history,)), history.local_accuracy
        )


def test_buffers_and_streams_are_made_anew_by_every_copy():
    network = MLP((5,)).bind(3, 2)
    work, streams = network.workspace(2, 4, 3, np.float64), Streams(7)
    first = streams.at(Purpose.INIT).random(3)
    for way in COPIES.values():
        fresh = way(work)
        assert not np.shares_memory(fresh.W, work.W)
        assert all(np.shares_memory(fresh.G, view) for view in fresh.views(1)[2])
        other = way(streams)
        np.testing.assert_array_equal(other.at(Purpose.INIT).random(3), first)


def test_a_call_within_a_call_has_buffers_of_its_own():
    """A step of a method's own may ask for a gradient over all examples while it is under way."""
    exp = fp.Experiment(**SMALL, dtype="float64")
    run = Run(exp)
    c = run.cohort(1)
    sgd, asked = Work(run.trainer, c, c.epochs), []
    w = np.repeat(run.initial()[None], c.K, axis=0)

    def plain(slope, W):
        W -= slope(W)

    def nosy(slope, W):
        way = slope(W)
        asked.append(sgd.gradient(w))
        W -= way

    np.testing.assert_array_equal(sgd.custom(nosy, w)[0], sgd.custom(plain, w)[0])
    assert len(asked) > 1
    assert all((one == asked[0]).all() for one in asked)


def test_runs_do_not_let_anybody_write_to_the_data_that_they_share():
    run = Run(fp.Experiment(**SMALL))
    fed = run.federation
    for array in (fed.X, fed.y, fed.X_test, fed.y_test, fed.train.of(0), fed.held.of(0), run.panel):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_arrays_that_were_given_may_be_changed_afterwards():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y, client = (X[:, 0] > 0).astype(int), np.arange(40) % 4
    given = [X, y, client, X[:8].copy(), y[:8].copy()]
    fed = fp.Federation.from_arrays(*given[:3], X_test=given[3], y_test=given[4])
    exp = fp.Experiment(rounds=3)
    before = fp.run(exp, fed)
    for array in given:
        array[:] = 0
    after = fp.run(exp, fed)
    np.testing.assert_array_equal(before.parameters, after.parameters)
    np.testing.assert_array_equal(before.accuracy, after.accuracy)


def test_two_surveys_of_all_clients_may_be_under_way_at_once():
    run = Run(fp.Experiment(rounds=6, clients=5))
    w = {r.number: r.parameters for r in stream(run)}
    alone = {n: list(client_accuracies(Run(run.exp), n, w[n]))[-1] for n in (2, 6)}
    pieces = {n: client_accuracies(run, n, w[n]) for n in (6, 2)}
    found = {}
    while pieces:
        for number in list(pieces):
            piece = next(pieces[number], None)
            if piece is not None:
                found[number] = piece
                del pieces[number]
    for number, expected in alone.items():
        np.testing.assert_array_equal(found[number].own, expected.own)
        np.testing.assert_array_equal(found[number].test, expected.test)


def test_blas_has_its_threads_again_when_the_last_one_leaves():
    def threads():
        return [library.get_num_threads() for library in _blas()]

    before = threads()
    with calm():
        with calm():
            pass
        assert set(threads()) == {1}
    assert threads() == before
    one, other = calm(), calm()
    with ThreadPoolExecutor(1) as second:
        with ThreadPoolExecutor(1) as first:  # it comes first, goes first, and is gone
            first.submit(one.__enter__).result()
            second.submit(other.__enter__).result()
            first.submit(one.__exit__, None, None, None).result()
        second.submit(other.__exit__, None, None, None).result()
    assert threads() == before


@pytest.mark.parametrize("way", COPIES)
def test_public_things_can_be_copied(way):
    exp = fp.Experiment(rounds=1, clients=4)
    for thing in (exp, fp.PRESETS, fp.METHODS, fp.Limit(), Run(exp).federation, exp.cost()):
        assert repr(COPIES[way](thing)) == repr(thing)
    found = fp.compare(exp, ["FedAvg"], seeds=2)
    assert COPIES[way](found).to_csv() == found.to_csv()
    late = fp.newcomer(exp, (0, 5), seeds=1)
    assert COPIES[way](late).to_csv() == late.to_csv()
