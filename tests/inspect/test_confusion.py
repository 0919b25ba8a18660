"""The confusion matrix: scikit-learn's, and no answer counted as none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as reference

import fedplay as fp
from fedplay.engine.loop import Run
from fedplay.inspect import confusion as module
from fedplay.inspect.confusion import confusion, confusion_matrix
from fedplay.models import likeliest


@pytest.fixture(scope="module", params=["softmax", "mlp"])
def trained(request):
    exp = fp.Experiment(model=request.param, rounds=2, clients=5, partition="classes")
    run = Run(exp)
    return run, [r.parameters for r in fp.rounds(exp)][-1]


def said(run, w, X):
    return likeliest(run.network.outputs(w, run.network.encode(X, w.dtype)))


def test_it_is_that_of_scikit_learn(trained):
    run, w = trained
    fed = run.federation
    labels = np.arange(fed.C)
    wanted = reference(fed.y_test, said(run, w, fed.X_test), labels=labels)
    found = confusion(run, w)
    assert found.dtype == np.int64
    assert found.tolist() == wanted.tolist()
    assert np.trace(found) / len(fed.y_test) == pytest.approx(run.evaluate(w).accuracy)
    for client in range(fed.clients):  # which hold classes out that others do not
        mine = fed.held.of(client)
        wanted = reference(fed.y[mine], said(run, w, fed.X[mine]), labels=labels)
        assert confusion(run, w, client).tolist() == wanted.tolist()


def test_the_examples_may_come_in_pieces(trained, monkeypatch):
    run, w = trained
    whole = confusion(run, w)
    monkeypatch.setattr(module, "PIECE", 64 * 7)  # of seven pictures each
    assert confusion(run, w).tolist() == whole.tolist()


def test_no_answer_is_counted_nowhere(trained):
    run, w = trained
    fed, C = run.federation, run.federation.C
    assert not confusion(run, np.full_like(w, np.nan)).any()
    X, y = np.array(fed.X_test[:4]), fed.y_test[:4]
    X[0] = np.nan
    assert confusion_matrix(run.network, w, X, y, C).sum() == 3
    assert confusion_matrix(run.network, w, X[:0], y[:0], C).tolist() == np.zeros((C, C)).tolist()


def test_what_is_asked_for_must_be_there(trained):
    run, w = trained
    with pytest.raises(ValueError, match="client=5: must be from 0 to 4"):
        confusion(run, w, 5)
    flat = Run(fp.Experiment(data="quadratics", model="quadratic", rounds=1))
    with pytest.raises(ValueError, match="has no classes"):
        confusion(flat, flat.initial())
