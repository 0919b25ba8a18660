"""Data of one's own: the same values are the same federation in whatever container they come."""

from __future__ import annotations

import array
import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.dtypes import StringDType

import fedplay as fp
from fedplay.data import Federation, Table
from fedplay.data.labels import encoded, label_names
from fedplay.runs.given import Party

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = (X[:, 0] > 0).astype(int)
CLIENT = np.arange(40) % 4
FRAME = pd.DataFrame(X, columns=["a", "b"])
EXP = fp.Experiment(rounds=20, learning_rate=0.5)
from_arrays = Federation.from_arrays


def same(one: Federation, other: Federation) -> bool:
    """Whether two federations are the same bit for bit, but for the names of features."""
    named = one.classes == other.classes and one.client_names == other.client_names
    return named and one.digest == other.digest


# --- whatever the container -----------------------------------------------------------------------


def structured(rows):
    return np.array([tuple(row) for row in rows], dtype=[("a", "f8"), ("b", "f8")])


def read_only(rows):
    rows = np.array(rows)
    rows.flags.writeable = False
    return rows


MATRICES = {
    "lists": np.ndarray.tolist,
    "tuples": lambda rows: tuple(map(tuple, rows.tolist())),
    "list of arrays": list,
    "column by column": np.asfortranarray,
    "every second row": lambda rows: np.repeat(rows, 2, axis=0)[::2],
    "backwards": lambda rows: rows[::-1].copy()[::-1],
    "read-only": read_only,
    "big-endian": lambda rows: rows.astype(">f8"),
    "long": lambda rows: rows.astype(np.longdouble),
    "objects": lambda rows: rows.astype(object),
    "exact": lambda rows: [[Fraction(x) for x in row] for row in rows.tolist()],
    "decimal": lambda rows: [[Decimal(x) for x in row] for row in rows.tolist()],
    "np.matrix": lambda rows: rows.view(np.matrix),
    "masked, nothing hidden": lambda rows: np.ma.array(rows, mask=np.zeros(rows.shape, bool)),
    "frame": pd.DataFrame,
    "frame with names": lambda rows: pd.DataFrame(rows, columns=["a", "b"]),
    "nullable frame": lambda rows: pd.DataFrame(rows).astype("Float64"),
    "frame of objects": lambda rows: pd.DataFrame(rows, dtype=object),
    "columns in a dict": lambda rows: {"a": rows[:, 0], "b": rows[:, 1].tolist()},
    "structured": structured,
    "records": lambda rows: structured(rows).view(np.recarray),
    "sparse": scipy.sparse.csr_array,
    "sparse, old": scipy.sparse.coo_matrix,
}
COLUMNS = {
    "list": list,
    "tuple": tuple,
    "int8": lambda ids: np.array(ids, dtype=np.int8),
    "unsigned": lambda ids: np.array(ids, dtype=np.uint64),
    "big-endian": lambda ids: np.array(ids, dtype=">i4"),
    "float": lambda ids: np.array(ids, dtype=float),
    "half": lambda ids: np.array(ids, dtype=np.float16),
    "long": lambda ids: np.array(ids, dtype=np.longdouble),
    "objects": lambda ids: np.array(ids, dtype=object),
    "texts": lambda ids: np.array(ids).astype(str),
    "texts of floats": lambda ids: [f"{name}.0" for name in ids],
    "spaces": lambda ids: [f" {name} " for name in ids],
    "bytes": lambda ids: np.array(ids).astype("S"),
    "StringDType": lambda ids: np.array(list(map(str, ids)), dtype=StringDType()),
    "decimal": lambda ids: [Decimal(name) for name in ids],
    "of many types": lambda ids: [(int, float, str, Fraction)[i % 4](v) for i, v in enumerate(ids)],
    "array": lambda ids: array.array("l", ids),
    "backwards": lambda ids: np.array(ids[::-1])[::-1],
    "masked, nothing hidden": lambda ids: np.ma.array(ids, mask=False),
    "Series": pd.Series,
    "Int64": lambda ids: pd.Series(ids, dtype="Int64"),
    "category": lambda ids: pd.Series(ids).astype("category"),
    "Categorical": lambda ids: pd.Categorical(ids),
    "string": lambda ids: pd.Series(ids).astype("string"),
    "Index": pd.Index,
}
numbers = st.floats(-1e300, 1e300).map(lambda x: x + 0.0)
rows_of_two = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=12).map(np.array)


@settings(deadline=None, max_examples=150)
@given(rows_of_two, st.sampled_from(sorted(MATRICES)), st.data())
def test_features_are_the_same_in_every_container(rows, container, data):
    ids = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    plain = from_arrays(rows, ids, ids, X_test=rows, y_test=ids)
    held = MATRICES[container](rows)
    assert same(plain, from_arrays(held, ids, ids, X_test=held, y_test=ids))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.integers(0, 100), min_size=2, max_size=12),
    st.sampled_from(sorted(COLUMNS)),
    st.sampled_from(sorted(COLUMNS)),
    st.sampled_from(sorted(COLUMNS)),
)
def test_labels_and_clients_are_the_same_in_every_container(ids, one, other, third):
    rows = np.arange(2.0 * len(ids)).reshape(-1, 2)
    plain = from_arrays(rows, ids, ids, X_test=rows, y_test=ids)
    y, y_test, client = COLUMNS[one](ids), COLUMNS[other](ids), COLUMNS[third](ids)
    assert same(plain, from_arrays(rows, y, client, X_test=rows, y_test=y_test))
    assert plain.classes == tuple(map(str, sorted(set(ids))))


DAYS = [datetime.date(2020, 1, 31), datetime.date(2019, 2, 1)]
TIMES = [datetime.datetime(2020, 1, 31, 4, 5), datetime.datetime(2019, 2, 1, 4, 5, 6, 700_000)]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (DAYS, ("2019-02-01", "2020-01-31")),
        (np.array(DAYS, dtype="M8[D]"), ("2019-02-01", "2020-01-31")),
        (np.array(DAYS, dtype="M8[ns]"), ("2019-02-01", "2020-01-31")),
        (pd.Series(pd.to_datetime(DAYS)), ("2019-02-01", "2020-01-31")),
        (TIMES, ("2019-02-01 04:05:06.7", "2020-01-31 04:05:00")),
        (np.array(TIMES, dtype="M8[ns]"), ("2019-02-01 04:05:06.7", "2020-01-31 04:05:00")),
        (pd.Series(TIMES), ("2019-02-01 04:05:06.7", "2020-01-31 04:05:00")),
        ([2**63, 2**63 + 1], ("9223372036854775808", "9223372036854775809")),
        (pd.Series([2**63, 2**63 + 1]), ("9223372036854775808", "9223372036854775809")),
        ([2**63 + 1, -1], ("-1", "9223372036854775809")),
        ([10.0, 2.0, 1.0, -1.5], ("-1.5", "1", "2", "10")),
        (["10", "2", "x", "1"], ("1", "2", "10", "x")),
        ([0, 0.0, "0", -0.0, b"0", "0.0"], ("0",)),
        (["e\u0301", "\u00e9"], ("\u00e9",)),
        (["a", "A", " a"], ("A", "a")),
        (["client 10", "client 2"], ("client 10", "client 2")),
        ([True, False], ("False", "True")),
        (np.array([0.1], dtype=np.float32), ("0.1",)),
        (["1.10", "1.1"], ("1.1", "1.10")),
        (["01", "1"], ("01", "1")),
        (pd.cut([1, 2, 3], [0, 2, 4]), ("(0, 2]", "(2, 4]")),
        (["<b>", "$x$", "a\nb", "\u202eabc", "x" * 200], None),
    ],
)
def test_what_a_label_is_called(values, names):
    found, codes = encoded(label_names("y", values, len(values)))
    assert names is None or found == names
    if names is None:
        assert set(found) == set(values)
    assert [found[code] for code in codes] == label_names("y", values, len(values))


# --- names that are known are compared ------------------------------------------------------------


def test_columns_of_the_test_set_go_by_name():
    right = from_arrays(FRAME, Y, CLIENT, X_test=FRAME, y_test=Y)
    turned = from_arrays(FRAME, Y, CLIENT, X_test=FRAME[["b", "a"]], y_test=Y)
    assert same(right, turned)
    assert fp.run(EXP, turned).accuracy[-1] > 0.9
    numbered = pd.DataFrame(X)
    assert same(right, from_arrays(numbered, Y, CLIENT, X_test=numbered[[1, 0]], y_test=Y))
    by_dict = {"b": X[:, 1], "a": X[:, 0]}
    assert same(right, from_arrays(FRAME, Y, CLIENT, X_test=by_dict, y_test=Y))
    assert same(right, from_arrays(FRAME, Y, CLIENT, X_test=structured(X)[["b", "a"]], y_test=Y))


@pytest.mark.parametrize("tests", [X, pd.DataFrame(X), X.tolist()], ids=["array", "frame", "list"])
def test_columns_without_names_go_by_place(tests):
    plain = from_arrays(X, Y, CLIENT, X_test=X, y_test=Y)
    assert same(plain, from_arrays(FRAME, Y, CLIENT, X_test=tests, y_test=Y))
    assert same(plain, from_arrays(tests, Y, CLIENT, X_test=FRAME, y_test=Y))


@pytest.mark.parametrize(
    ("tests", "sentence"),
    [
        (FRAME[["b"]], "must have the columns of {}, but it lacks 'a'$"),
        (FRAME.assign(z=1), "must have the columns of {}, but it has 'z' besides$"),
        (
            FRAME.rename(columns={"a": "A"}),
            "must have the columns of {}, but it lacks 'a' and has 'A' b",
        ),
        (FRAME[["a", "b", "b"]], "two columns have the name 'b'$"),
        (X[:, :1], "must have 2 columns, as {} has, not 1$"),
    ],
)
def test_columns_that_are_missing_or_too_many_are_named(tests, sentence):
    with pytest.raises(ValueError, match=r"^X_test: " + sentence.format("X")):
        from_arrays(FRAME, Y, CLIENT, X_test=tests, y_test=Y)
    fed = from_arrays(FRAME, Y, CLIENT)
    with pytest.raises(ValueError, match=r"^X: " + sentence.format("the federation")):
        fed.with_client(tests, Y)


def test_columns_of_a_newcomer_go_by_name():
    fed = from_arrays(FRAME, Y, CLIENT)
    joined = fed.with_client(FRAME[["b", "a"]][:4], Y[:4])
    assert np.array_equal(joined.X[-4:], X[:4])
    assert np.array_equal(fed.with_client(X[:4], Y[:4]).X[-4:], X[:4])


def test_columns_of_one_name_are_refused():
    for names in (["a", "a"], [0, "0"], ["e\u0301", "\u00e9"]):
        with pytest.raises(ValueError, match=r"^X: two columns have the name"):
            from_arrays(pd.DataFrame(X, columns=names), Y, CLIENT)


def test_rows_that_were_shuffled_apart_are_refused():
    y, client = pd.Series(Y), pd.Series(CLIENT)
    turned = y.sample(frac=1, random_state=0)
    with pytest.raises(ValueError, match=r"^y: has the rows of X in another order.*y\.loc\[X.ind"):
        from_arrays(FRAME, turned, client)
    with pytest.raises(ValueError, match=r"^client: has the rows of X in another order"):
        from_arrays(FRAME, y, client[::-1])
    with pytest.raises(ValueError, match=r"^client: has the rows of y in another order"):
        from_arrays(X, y, client[::-1])
    with pytest.raises(ValueError, match=r"^y_test: has the rows of X_test in another order"):
        from_arrays(FRAME, y, client, X_test=FRAME, y_test=turned)
    with pytest.raises(ValueError, match=r"^y: has the rows of X in another order"):
        from_arrays(FRAME, y, client).with_client(FRAME, turned)
    assert same(from_arrays(FRAME, turned.loc[FRAME.index], client), from_arrays(X, Y, CLIENT))
    others = FRAME.set_index(pd.RangeIndex(100, 140))  # other rows altogether: by place
    assert same(from_arrays(others, y, client), from_arrays(X, Y, CLIENT))


# --- one label is one class -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, float, "S", "U", object, np.float32, np.uint8])
def test_a_label_is_one_class_in_whatever_type(kind):
    fed = from_arrays(X, Y, CLIENT, X_test=X, y_test=Y.astype(kind))
    assert fed.classes == ("0", "1")
    assert fp.run(EXP, fed).accuracy[-1] > 0.9


@pytest.mark.parametrize(
    ("y", "y_test", "sentence"),
    [
        (
            Y,
            np.where(Y, "yes", "no"),
            "^y_test: has no label that y has, but 'yes' where y has '1'",
        ),
        (np.where(Y, "Yes", "No"), np.where(Y, "yes", "no"), "^y_test: has no label that y has"),
        (Y.astype(bool), Y, "^y_test: has no label that y has, but '1' where y has 'True'"),
        ([*Y[:-1], True], Y, "^y: has True beside 1"),
        ([0, np.inf] * 20, Y, "^y: has inf, which names nothing"),
    ],
)
def test_labels_that_may_be_the_same_are_refused(y, y_test, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_arrays(X, y, CLIENT, X_test=X, y_test=y_test)


def test_the_labels_of_a_newcomer_are_names_first():
    fed = from_arrays(X, Y + 1, CLIENT)
    assert fed.classes == ("1", "2")

    def read(labels):
        return fed.with_client(X[: len(labels)], labels).y[-len(labels) :].tolist()

    assert read([1, 2, 1, 2]) == [0, 1, 0, 1]
    assert read(np.array([2.0, 2.0])) == read(pd.Series(["2", "2"])) == [1, 1]
    assert read(["1", "1"]) == read([b"1", b"1"]) == [0, 0]
    assert read([0, 1]) == [0, 1]
    assert read(["1", 2]) == [0, 1]
    for unclear in ([1, 1], [1], ["2", 1]):
        with pytest.raises(
            ValueError, match=r"^y: 1 is the name of one class and the number of an"
        ):
            read(unclear)
    for neither in ([0, 2], [3], [0.5], [True], ["x"], [-1]):
        with pytest.raises(ValueError, match=r"^y: .* is no class of these data"):
            read(neither)
    for missing in ([1, None], [2.0, np.nan], np.ma.array([1, 2], mask=[1, 0]), ["1", "NA"]):
        with pytest.raises(ValueError, match=r"^y: row . is missing"):
            read(missing)


def test_classes_called_by_truth_values_and_by_signs():
    truth = from_arrays(X, Y.astype(bool), CLIENT)
    assert truth.with_client(X[:3], [True, False, "True"]).y[-3:].tolist() == [1, 0, 1]
    assert truth.with_client(X[:3], [1, 0, 1]).y[-3:].tolist() == [1, 0, 1]
    signs = from_arrays(X, np.where(Y, "+", "-"), CLIENT)
    assert signs.classes == ("+", "-")
    assert signs.with_client(X[:2], ["-", "-"]).y[-2:].tolist() == [1, 1]


def test_a_guest_on_the_screen_has_classes_by_their_number():
    """A person draws for a class, and what that is called says nothing of its place."""
    fed = from_arrays(X, Y + 1, CLIENT)
    party = Party(X[:4], np.array([1, 1, 1, 1]), "you", fed)
    assert party.of(EXP).y[-4:].tolist() == [1, 1, 1, 1]


# --- what is missing, masked, or no number --------------------------------------------------------

NOTHING = [
    None,
    float("nan"),
    pd.NA,
    pd.NaT,
    np.ma.masked,
    np.datetime64("NaT"),
    Decimal("NaN"),
    "",
]


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
@pytest.mark.parametrize("place", ["y", "client", "y_test"])
def test_what_is_missing_among_words_is_refused_in_every_container(nothing, place):
    words = ["yes", "no", nothing, "no"] * 10
    as_objects = np.empty(40, dtype=object)
    as_objects[:] = words
    for container in (words, tuple(words), as_objects, pd.Series(words, dtype=object)):
        given = {"X": X, "y": ["yes", "no"] * 20, "client": CLIENT, "X_test": X}
        given |= {"y_test": ["yes", "no"] * 20, place: container}
        with pytest.raises(ValueError, match=f"^{place}: row 2 is missing"):
            from_arrays(**given)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["yes", "no", float("nan"), "no"] * 10),  # numpy has made a text of it
        pd.Series(["yes", "no", None, "no"] * 10),
        pd.Series(["yes", "no", None, "no"] * 10, dtype="string"),
        pd.Categorical(["yes", "no", None, "no"] * 10),
        pd.Series([1, 2, None, 2] * 10, dtype="Int64"),
        pd.Series([True, False, None, True] * 10, dtype="boolean"),
        pd.Series(pd.to_datetime(["2020-01-01", "2020-01-01", None, "2020-01-02"] * 10)),
        np.array(["2020-01-01", "2020-01-01", "NaT", "2020-01-02"] * 10, dtype="M8[D]"),
        np.array(["yes", "no", np.nan, "no"] * 10, dtype=StringDType(na_object=np.nan)),
        np.ma.array([1, 2, -999, 2] * 10, mask=[0, 0, 1, 0] * 10),
        np.array([1.0, 2.0, np.nan, 2.0] * 10),
        ["yes", "no", "NA", "no"] * 10,
        ["yes", "no", b"null", "no"] * 10,
    ],
    ids=repr,
)
def test_what_is_missing_has_many_forms(labels):
    for place in ("y", "client"):
        given = {"X": X, "y": Y, "client": CLIENT, place: labels}
        with pytest.raises(ValueError, match=f"^{place}: row 2 is missing"):
            from_arrays(**given)


def test_a_mask_is_not_lost():
    masked = np.ma.array(X, mask=False)
    masked[3, 1] = np.ma.masked
    records = np.ma.array(structured(X))
    records[3] = np.ma.masked
    columns = {"a": X[:, 0], "b": masked[:, 1]}
    nested = [[1.0, 2.0], [1.0, np.ma.masked]]
    for hidden in (masked, list(masked), tuple(masked), records, columns):
        with pytest.raises(ValueError, match=r"^X.* row 3 has a value that is masked$"):
            from_arrays(hidden, Y, CLIENT)
        with pytest.raises(ValueError, match=r"^X_test.* row 3 has a value that is masked$"):
            from_arrays(X, Y, CLIENT, X_test=hidden, y_test=Y)
    with pytest.raises(ValueError, match=r"^X: row 1 has a value that is masked$"):
        from_arrays(nested, [0, 1], [0, 1])


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (X + 1j, "^X: must be numbers.*not complex ones$"),
        (X + 0j, "^X: must be numbers.*not complex ones$"),
        ((X + 1j).astype(object), "^X: row 0, column 0 is .*j., not a number$"),
        ([[1.0, 2.0], [10**400, 2.0]] * 20, "^X: row 1, column 0 is beyond any float$"),
        ([[1, 2], [1, Fraction(10**400, 3)]] * 20, "^X: row 1, column 1 is beyond any float$"),
        ([[1.0, None]] * 40, "^X: row 0, column 1 is missing$"),
        ([[1.0, pd.NA]] * 40, "^X: row 0, column 1 is missing$"),
        ([[1.0, pd.NaT]] * 40, "^X: row 0, column 1 is missing$"),
        ([[1.0, "2"]] * 40, "^X: must be numbers.*not texts$"),
        (X.astype(str), "^X: must be numbers.*not texts$"),
        (X.astype("S"), "^X: must be numbers.*not texts$"),
        (X.astype(str).astype(object), "^X: row 0, column 0 is '.*', not a number$"),
        ([["1_0", 1.0]] * 40, "^X: must be numbers"),
        (np.zeros((40, 2), "M8[s]"), "^X: must be numbers.*not dates$"),
        (np.zeros((40, 2), "m8[s]"), "^X: must be numbers.*not times$"),
        ([[1.0, datetime.timedelta(1)]] * 40, "^X: row 0, column 1 is .*, not a number$"),
        ([[1, np.timedelta64(1, "s")]] * 40, "^X: (row 0, column 1 is .*, not a number|must be)"),
        ([[Decimal("sNaN")]] * 40, "^X: row 0, column 0 is .*, not a number$"),
        ([[Decimal("NaN")]] * 40, "^X: row 0, column 0 is nan, not finite$"),
        (np.full((40, 1), np.longdouble("1e4000")), "^X: row 0, column 0 is inf, not finite$"),
        ([[object()]] * 40, "^X: row 0, column 0 is <object.*, not a number$"),
        ([[1.0, 2.0]] * 39 + [[1.0]], "^X: must be numbers, n rows of d features each$"),
        ({"a": [1.0] * 40, "b": [1.0] * 39}, "^X: must be numbers, n rows of d features each$"),
        ((row for row in X), r"^X: must have the shape \(n, d\)"),
        (np.array(1.0), r"^X: must have the shape \(n, d\), not \(\)"),
        (None, r"^X: must have the shape \(n, d\)"),
        (np.zeros((40, 2, 2)), r"^X: must have the shape \(n, d\)"),
        ({}, r"^X: must have the shape \(n, d\), not \(0, 0\)"),
        (scipy.sparse.csr_array((40, 10**8)), "^X: is a sparse matrix too large to unpack"),
    ],
)
def test_what_is_no_matrix_of_numbers(features, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_arrays(features, Y, CLIENT)


@pytest.mark.parametrize(
    "labels",
    [
        Y + 1j,
        Y.astype("m8[s]"),
        [datetime.timedelta(1)] * 40,
        [object()] * 40,
        [[0]] * 40,
        [(0, 1)] * 40,
        [{}] * 40,
        [b"\xff"] * 40,
        [10**400] * 40,
        [10**5000] * 40,
        structured(X),
        Y[:, None],
        pd.DataFrame(Y),
        (label for label in Y),
        set(range(40)),
        dict.fromkeys(range(40)),
        "ab" * 20,
        None,
        7,
    ],
    ids=lambda labels: str(type(labels)),
)
def test_what_is_no_column_of_names(labels):
    for place in ("y", "client"):
        with pytest.raises(ValueError, match=f"^{place}: "):
            from_arrays(**{"X": X, "y": Y, "client": CLIENT, place: labels})


@pytest.mark.parametrize("value", [None, "0.2", 1j, True, [0.2], np.array(0.2), pd.NA, 10**400, 1])
@pytest.mark.parametrize("name", ["test_fraction", "held_out"])
def test_fractions_are_numbers(name, value):
    with pytest.raises(ValueError, match=rf"^{name}=.*: must be from 0 to below 1$"):
        from_arrays(X, Y, CLIENT, **{name: value})
    for good in (Fraction(1, 4), np.float32(0.25)):
        plain = from_arrays(X, Y, CLIENT, **{name: 0.25})
        assert same(plain, from_arrays(X, Y, CLIENT, **{name: good}))


def test_a_single_class_is_refused_by_what_learns_classes():
    one = from_arrays(X, [5] * 40, CLIENT)
    for use in (lambda: fp.run(EXP, one), lambda: fp.run(EXP.replace(model="mlp"), one)):
        with pytest.raises(ValueError, match=r"^y: has one label only, so there is nothing for a"):
            use()
    quadratic = fp.run(
        fp.Experiment(data="arrays", model="quadratic", rounds=1),
        from_arrays(X**2, [5] * 40, CLIENT),
    )
    assert np.isfinite(quadratic.loss).all()


def test_clients_with_one_example_and_very_many_of_them():
    each = from_arrays(X, Y, range(40))
    assert each.sizes.tolist() == [1] * 40
    assert each.held.sizes.sum() == 0
    many = from_arrays(np.zeros((9000, 1)), np.arange(9000) % 2, np.arange(9000) % 3000)
    assert many.client_names == tuple(map(str, range(3000)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"y": [0, 0.5, 1]}, "^y: must be whole numbers"),
        ({"y": np.ma.array([0, 1, 1], mask=[0, 1, 0])}, "^y: must be whole numbers"),
        ({"y": ["0", "1", "1"]}, "^y: must be whole numbers"),
        ({"X": np.array([[1j], [0], [0]])}, "^X: must be finite numbers"),
        ({"X": [[np.nan], [0], [0]]}, "^X: must be finite numbers"),
        ({"client": [0, 0.5, 1]}, "^client: must be a number from 0 for every example"),
    ],
)
def test_a_table_of_a_source_loses_nothing_on_the_way(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Table(
            **{"name": "t", "X": np.zeros((3, 1)), "y": [0, 1, 1], "classes": ("a", "b")} | changes
        )


def test_counts_are_of_clients_by_their_number():
    fed = from_arrays(X, Y, CLIENT)
    assert fed.label_counts(np.array([], dtype=float)).shape == (0, 2)
    for wrong in ([0.5], ["0"], [[0]]):
        with pytest.raises(ValueError, match=r"^clients: must be a list of clients' numbers"):
            fed.label_counts(wrong)
