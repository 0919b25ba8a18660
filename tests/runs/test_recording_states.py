"""What a recording says of its run: its state once it is whole, and who was ever called."""

from __future__ import annotations

import numpy as np

import fedplay as fp
from fedplay.engine.run_state import UNJUDGED
from fedplay.runs.recording import Recording


def whole(exp):
    recording = Recording(exp)
    while not recording.complete:
        recording.advance()
    return recording


def late(recording):
    while not recording.late_done:
        recording.later()
    return recording


def test_a_run_has_its_state_when_it_is_whole_and_keeps_it_at_rest():
    exp = fp.Experiment(data="circles", examples=300, clients=4, rounds=6)
    recording = Recording(exp)
    recording.advance()
    assert recording.series(0).state is UNJUDGED
    recording = whole(exp)
    recording.rest()
    assert recording.series(6).state == fp.run(exp).state
    assert recording.series(6).state.name == "at chance"
    assert recording.series(5).state is UNJUDGED, "of a part nothing is said"


def test_heads_of_their_own_are_judged_by_the_clients_models():
    """The global model by itself may even be at chance there, and the run be as good as any."""
    exp = fp.Experiment(algorithm="fedper", model="mlp", rounds=30, partition="classes")
    history, recording = fp.run(exp), whole(exp)
    assert recording.state == history.state
    assert not history.state.broken
    assert np.nanmean(history.personal[-1]) > 0.9


def test_models_of_clients_that_were_never_called_are_left_out():
    exp = fp.Experiment(partition="resampled", clients=5000, participation=0.004, rounds=3)
    recording = late(whole(exp))
    history = recording.history
    called = np.isin(history.panel, np.concatenate(history.cohort))
    assert 0 < called.sum() < len(called)
    held = np.isfinite(history.client_accuracy[0])
    found = recording.late(3)
    assert found.alone[3] == history.local_accuracy[called & held].mean()
    assert found.after(3) == found.personal[-1]
    assert found.after(2) in (None, *found.personal)


def test_where_nobody_of_the_panel_was_called_there_is_no_model_made_alone():
    exp = fp.Experiment(
        partition="resampled", clients=1_000_000, participation=5e-6, rounds=1, examples=500
    )
    recording = late(whole(exp))
    if not np.isin(recording.history.panel, np.concatenate(recording.history.cohort)).any():
        assert np.isnan(recording.late(1).alone).all()
        assert recording.late(1).state is UNJUDGED
