"""How fast is a whole run? `python benchmarks/speed.py` prints ratios against naive loops.

The engine and both loops of `benchmarks/naive.py` run in turn in one process, float32, one BLAS
thread, on the same split: digits, 10 clients, Dirichlet 0.3, batch 32, one local epoch, full
participation, 50 rounds, evaluated globally and on every client each round. Times on shared
machines mean little; ratios hold.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
from naive import plain, tuned

import fedplay as fp
from fedplay.engine.loop import federation_of, stream
from fedplay.registry import SLOTS
from fedplay.scopes import calm


def compare(name, runs, **choices):
    exp = fp.Experiment(alpha=0.3, **choices)
    fed = federation_of(exp)
    X = fed.X.astype(np.float32)
    clients = [(X[i], fed.y[i]) for i in map(fed.train.of, range(fed.clients))]
    held = [(X[i], fed.y[i]) for i in map(fed.held.of, range(fed.clients))]
    test = fed.X_test.astype(np.float32), fed.y_test
    sizes = (fed.d, *(exp.hidden if exp.model == "mlp" else ()), fed.C)
    setting = dict(rounds=50, epochs=1, batch=32, lr=0.1, seed=0)

    def once(loop):
        started = time.perf_counter()
        if loop is None:
            accuracy = fp.run(exp).accuracy[-1]
        else:
            with calm():
                accuracy = loop(clients, held, test, sizes, **setting)
        return time.perf_counter() - started, accuracy

    loops = {"engine": None, "plain": plain, "tuned": tuned}
    times = {label: [] for label in loops}
    for _ in range(runs + 1):  # the first is a warm-up
        for label, loop in loops.items():
            seconds, accuracy = once(loop)
            times[label].append(seconds)
            assert accuracy > 0.85, f"{label} does not learn"
    ms = {label: 1e3 * statistics.median(t[1:]) for label, t in times.items()}
    ratios = {
        label: statistics.median(b / a for a, b in zip(times["engine"][1:], t[1:], strict=True))
        for label, t in times.items()
    }
    print(
        f"{name:<13} engine {ms['engine']:5.1f} ms   plain loop {ms['plain']:6.1f} ms: "
        f"{ratios['plain']:.1f}x   tuned loop {ms['tuned']:6.1f} ms: {ratios['tuned']:.1f}x"
    )


def methods(name, runs, **choices):
    """What each algorithm, server and personal model costs, as a multiple of FedAvg in a turn."""
    exp = fp.Experiment(partition="shards", local_epochs=2, **choices)
    others = [n for n in SLOTS["algorithm"] if n not in ("fedavg", "centralised", "fedsgd")]
    turns = {"fedavg": {}} | {n: {"algorithm": n} for n in others}
    turns["scaffold, option I"] = {"algorithm": "scaffold", "scaffold_option": "I"}
    turns |= {n: {"server": n} for n in SLOTS["server"] if n != "sgd"}
    turns |= {n: {"personal": n} for n in SLOTS["personal"] if n not in ("finetune", "none")}
    if exp.model == "softmax":  # it has one layer, which cannot be shared and kept
        turns = {n: choice for n, choice in turns.items() if n not in ("fedper", "fedrep")}
    times = {label: [] for label in turns}
    for _ in range(runs + 1):
        for label, choice in turns.items():
            started = time.perf_counter()
            fp.run(exp.replace(**choice))
            times[label].append(time.perf_counter() - started)
    base = times.pop("fedavg")[1:]
    ratios = {
        label: statistics.median(b / a for a, b in zip(base, t[1:], strict=True))
        for label, t in times.items()
    }
    print(f"{name:<13} FedAvg {1e3 * statistics.median(base):.1f} ms; a round of another costs")
    print("              " + ", ".join(f"{label} {ratio:.2f}x" for label, ratio in ratios.items()))


def million():
    """A million clients, 100 of them a round: seconds a round and the memory of the process."""
    from fedplay.engine.loop import Run

    exp = fp.Experiment(
        clients=1_000_000, partition="resampled", participation=1e-4, rounds=20, client_examples=25
    )
    started = time.perf_counter()
    rounds = stream(Run(exp))
    next(rounds), next(rounds)
    first = time.perf_counter()
    count = sum(1 for _ in rounds)
    each = (time.perf_counter() - first) / count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    train, place = federation_of(exp).train, time.perf_counter()
    for client in range(1000):
        train.of(client)
    drawn = (time.perf_counter() - place) / 10
    print(f"the examples of 100 clients out of a million: {1e3 * drawn:.1f} ms")
    print(
        f"a million clients, 100 a round: first round {first - started:.2f} s, then "
        f"{1e3 * each:.1f} ms a round, peak memory of the process {peak:.0f} MB"
    )


def doors():
    """ms that hostile texts of the largest size take, and links a second, good and bad."""
    from fedplay.untrusted import json_object

    def refused(action, *given):
        try:
            action(*given)
        except ValueError:
            return True
        return False

    times = []
    for hostile in ('"', '\\"', '"\\', "\\", '{"', '"a",', "[]", "{}", '\\u0000"'):
        for start in ("", '{"'):
            text = start + hostile * (65_000 // len(hostile))
            started = time.perf_counter()
            refused(json_object, text)
            times.append(time.perf_counter() - started)
    token = fp.Experiment(alpha=0.1, algorithm="scaffold").to_token()
    links = [token, token[:-1], token + "A", token[::-1]] * 250
    started = time.perf_counter()
    for link in links:
        refused(fp.Experiment.from_token, link)
    each = len(links) / (time.perf_counter() - started)
    print(f"doors: hostile JSON of 64 kB {1e3 * max(times):.1f} ms, {each:,.0f} links a second")


def pieces():
    """ms that a piece of what a view prepares takes: the screen cannot answer meanwhile."""
    from fedplay.engine.loop import Run
    from fedplay.views.drift.analysis import drift

    for warm in (False, True):
        times, last = [], time.perf_counter()
        for _ in drift(Run(fp.Experiment(rounds=20, seed=int(warm))), 2):
            times.append(time.perf_counter() - last)
            last = time.perf_counter()
    most = f"{1e3 * max(times):.1f}"
    print(f"pieces of the drift view: {1e3 * statistics.median(times):.1f} ms, the longest {most}")


def importing():
    """Seconds of `import fedplay` beyond those of numpy, each in fresh processes."""

    def seconds(code):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - started)
        return min(times)

    extra = seconds("import numpy, fedplay") - seconds("import numpy")
    both = seconds("import numpy, fedplay; fedplay.Experiment") - seconds("import numpy")
    print(f"import fedplay: {extra:.3f} s beyond numpy; with fedplay.Experiment {both:.3f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--million", action="store_true", help="only the million clients")
    arguments = parser.parse_args()
    if arguments.million:
        million()
    else:
        compare("softmax", arguments.runs)
        compare("MLP 64-64-10", arguments.runs, model="mlp", hidden=(64,))
        methods("softmax", arguments.runs)
        methods("MLP 64-64-10", arguments.runs, model="mlp", hidden=(64,))
        doors()
        pieces()
        importing()
        # In a process of its own, so that its memory is its own.
        subprocess.run([sys.executable, __file__, "--million"], check=True)
