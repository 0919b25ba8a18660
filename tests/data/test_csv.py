"""CSV files of one's own: by what they are known, and how people's files are read or refused."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest

import fedplay as fp
from fedplay.data import TableFile, load_csv, source_of
from fedplay.data.sources import table_file


def rows(header, n=60, seed=0):
    rng = np.random.default_rng(seed)
    lines = [f"{'no' if i % 3 else 'yes'},{rng.normal():.4f},{rng.normal():.4f}" for i in range(n)]
    return "\n".join([header, *lines, ""]).encode()


# --- by what a file is known ----------------------------------------------------------------------


def absent(content: bytes) -> str:
    """The key of a file that this process has not read."""
    return f"csv:elsewhere.csv:{hashlib.sha256(content).hexdigest()[:16]}"


@pytest.fixture
def own():
    content = rows("label,a,b")
    yield fp.Experiment(data=load_csv(content, name="mine.csv"), clients=3, rounds=2), content
    load_csv(content, name="mine.csv")


def forget() -> None:
    """As in a new process."""
    table_file._loaded.clear()


def test_a_file_is_found_under_another_name(own):
    exp, content = own
    before = fp.run(exp)
    forget()
    again = fp.Experiment.from_json(exp.to_json())
    renamed = load_csv(content, name="renamed.csv")
    assert renamed != exp.data
    assert np.array_equal(fp.run(again).accuracy, before.accuracy)
    assert again == exp == exp.replace(data=renamed)
    assert hash(again) == hash(exp.replace(data=renamed))
    assert TableFile(renamed) == TableFile(exp.data) == source_of(exp.data)
    assert (TableFile(renamed).name, TableFile(exp.data).name) == ("renamed.csv", "mine.csv")
    assert exp.replace(data=load_csv(rows("label,a,b", seed=1), name="mine.csv")) != exp


def test_a_history_needs_no_data(own, tmp_path):
    exp, _ = own
    history = fp.run(exp)
    history.save(tmp_path / "h.npz")
    forget()
    again = fp.History.load(tmp_path / "h.npz")
    assert again.experiment == exp
    assert np.array_equal(again.accuracy, history.accuracy)
    assert np.array_equal(again.personal_accuracy, history.personal_accuracy)
    assert np.array_equal(again.local_accuracy, history.local_accuracy)
    assert again.to_csv() == history.to_csv()
    again.save(tmp_path / "again.npz")
    assert fp.History.load(tmp_path / "again.npz").experiment == exp


def test_an_experiment_on_an_absent_file_is_described_and_not_run():
    key = absent(rows("label,a", seed=9))
    exp = fp.Experiment(data=key, partition="natural", clients=7)
    assert not exp.source.present
    assert fp.Experiment.from_json(exp.to_json()) == exp == pickle.loads(pickle.dumps(exp))
    assert exp.replace(rounds=3).data == key
    for use in (fp.run, fp.Experiment.cost, fp.Playground, fp.compare, fp.newcomer):
        with pytest.raises(ValueError, match=r"data='csv:elsew.*load it first with fp\.load_csv$"):
            use(exp)


def test_what_does_not_go_together_is_refused_once_the_file_is_there(own):
    exp, content = own
    forget()
    many = exp.replace(clients=1000)
    load_csv(content)
    with pytest.raises(ValueError, match="clients=1000"):
        fp.run(many)
    with pytest.raises(ValueError, match="clients=1000"):
        exp.replace(clients=1000)


@pytest.mark.parametrize(
    "key", ["csv:", "csv:a:b", "csv:none:0", "csv:../x:" + "0" * 16, "csv:a:" + "g" * 16,
            "csv:a:" + "0" * 17, "csv:a:b:" + "0" * 16, "csv::" + "0" * 16]
)  # fmt: skip
def test_what_is_no_key(key):
    with pytest.raises(ValueError, match=r"^data='csv:.*names no file"):
        fp.Experiment(data=key)


# --- as people have them --------------------------------------------------------------------------


@pytest.fixture
def raw(monkeypatch):
    """(features, their numbers as they are in the file, labels, clients) of a text or bytes."""
    monkeypatch.setattr(table_file, "standardised", lambda X: X)

    def read(content):
        table = table_file.parsed(content if isinstance(content, bytes) else content.encode(), "t")
        clients = None if table.client is None else [table.client_names[k] for k in table.client]
        labels = [table.classes[c] for c in table.y]
        return table.features, table.X.tolist(), labels, clients

    return read


PLAIN = (("a", "b"), [[1.5, 2.5], [2.0, 0.25]], ["x", "y"], None)


@pytest.mark.parametrize(
    "content",
    [
        "a,b,label\n1.5,2.5,x\n2,0.25,y\n",
        "a;b;label\n1,5;2,5;x\n2;0,25;y\n",
        "a;b;label\n1.5;2.5;x\n2;0.25;y\n",
        "a\tb\tlabel\n1,5\t2,5\tx\n2\t,25\ty\n",
        "a\tb\tlabel\n1.5\t2.5\tx\n2\t.25\ty\n",
        "a|b|label\n1.5|2.5|x\n2|0.25|y\n",
        "sep=,\na,b,label\n1.5,2.5,x\n2,0.25,y\n",
        "sep=;\r\na;b;label\r\n1,5;2,5;x\r\n2,0;0,25;y\r\n",
        '"SEP=\t"\ra\tb\tlabel\r1.5\t2.5\tx\r2\t0.25\ty',
        "sep=;,,\na;b;label\n1,5;2,5;x\n2,0;0,25;y\n",
        "\ufeffsep=;\na;b;label\n1,5;2,5;x\n2,0;0,25;y\n",
        "\ufeffa,b,label\n1.5,2.5,x\n2,0.25,y\n",
        'a, b, label\n1.5, 2.5, "x"\n2, 0.25, "y"\n',
        '"a","b","label"\n"1.5","2.5","x"\n"2","0.25","y"\n',
        "a,b,label\r1.5,2.5,x\r2,0.25,y\r",
        "a,b,label\r\n1.5,2.5,x\r\n2,0.25,y\r\n\r\n",
        "a,b,label,\n1.5,2.5,x,\n2,0.25,y,\n",
        "a,b,label\n1.5,2.5,x,,\n2,0.25,y,\n",
        "a,b,label\n1.5,2.5,x\n2,0.25,y\n,,\n,,\n",
        ",a,b,label\n0,1.5,2.5,x\n1,2,0.25,y\n",
        ";a;b;label\n17;1,5;2,5;x\n4;2,0;0,25;y\n",
        '"","a","b","label"\n"1",1.5,2.5,"x"\n"2",2,0.25,"y"\n',
        "Unnamed: 0,a,b,label\n0,1.5,2.5,x\n1,2,0.25,y\n",
        " a , b ,Label\n1.5,2.5,x\n2,0.25,y\n",
        "a,b,LABEL\n15e-1,+2.5,x\n2.,.25,y\n",
    ],
)
def test_one_table_written_in_many_ways(raw, content):
    assert raw(content) == PLAIN


def test_what_pandas_writes_is_read(raw):
    import pandas as pd

    frame = pd.DataFrame({"a": [1.5, 2.0], "b": [2.5, 0.25], "label": ["x", "y"]})
    for options in ({}, {"index": False}, {"sep": ";", "decimal": ","}, {"sep": "\t"}):
        assert raw(frame.to_csv(**options)) == PLAIN


def test_a_header_with_the_other_separator_in_its_names(raw):
    content = '"height, cm";weight;label\n1,5;2;x\n1;2,5;y\n'
    assert raw(content)[0] == ("height, cm", "weight")
    assert raw("size;big,label\n1,x\n2,y\n")[0] == ("size;big",)
    assert raw('a,label\n1,"x, ""y"""\n2,"z\nz"\n')[2] == ['x, "y"', "z\nz"]


@pytest.mark.parametrize(
    ("ids", "order"),
    [
        (["1.0", "10.0", "2.0", "1"], ("1", "2", "10")),
        (["0", "0.0", "-0", "3"], ("0", "3")),
        (["10", "9", "b", "a"], ("9", "10", "a", "b")),
        (["0.5", "-1.5", "10", "2"], ("-1.5", "0.5", "2", "10")),
        (["9223372036854775808", "9223372036854775809"], None),
        (["01", "1"], ("01", "1")),
        (["client 2", "client 10"], ("client 10", "client 2")),
        (["e\u0301", "\u00e9", "z"], ("z", "\u00e9")),
        (["a", "A"], ("A", "a")),
        (["1.10", "1.1"], None),
        (["+", "-"], ("+", "-")),
    ],
)
def test_ids_are_those_of_the_file_in_the_order_of_numbers(ids, order):
    lines = [f"{'xy'[i % 2]},{i},{name}" for i, name in enumerate(ids)]
    table = table_file.parsed("\n".join(["label,a,Client", *lines]).encode(), "t")
    assert set(table.client_names) == set(order or ids)
    assert order is None or table.client_names == order
    flipped = [f"{i},{name},{'xy'[i % 2]}" for i, name in enumerate(ids)]
    again = table_file.parsed("\n".join(["a,label,client", *flipped]).encode(), "t")
    assert again.classes == table.client_names
    assert np.array_equal(again.y, table.client)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            f"a,label\n1,x\n2,{text}\n3,y\n",
            f"row 3, column label is missing: {text!r} stands for".replace("?", "[?]"),
        )
        for text in ("NA", "N/A", "n/a", "null", "NULL", "nan", "NaN", "None", "-", "?", "<NA>")
    ]
    + [
        ("a,label,CLIENT\n1,x,NA\n2,y,2\n", "row 2, column client is missing: 'NA'"),
        ("a,label\nNA,x\n2,y\n", "row 2, column 'a' is 'NA', not a number"),
        ("a,label\n-,x\n2,y\n", "row 2, column 'a' is '-', not a number"),
        ('a,label\n"1,234",x\n2,y\n', "write decimals with a point, and thousands without"),
        ('a,label\n"1,5",x\n2,y\n', "is '1,5', not a number; write decimals with a point"),
        ("a,label\n50%,x\n2,y\n", "is '50%', not a number; write it without the sign"),
        ("a,label\n€5,x\n2,y\n", "write it without the sign"),
        ("a,label\n1 000,x\n2,y\n", "is '1 000', not a number"),
        ("a,label\n1.234.567,x\n2,y\n", "is '1.234.567', not a number"),
        ("a,label\nTRUE,x\n2,y\n", "is 'TRUE', not a number"),
        ("a,label\n0x10,x\n2,y\n", "is '0x10', not a number"),
        ("a;label\n1,500;x\n2,250;y\n", "1,500 may be a decimal number or thousands"),
        ("a\tlabel\n1,500\tx\n2\ty\n", "1,500 may be a decimal number or thousands"),
        ("a;label\n1.500;x\n2.250;y\n", "1.500 may be a decimal number or thousands"),
        ("a;label\n1.234,5;x\n2;y\n", "has numbers with a comma, 1.234,5, and with a point"),
        ("a;b;label\n1,5;2.5;x\n2;3;y\n", "has numbers with a comma, 1,5, and with a point, 2.5"),
        ("a;b;label\n1,5;2,5;x\n", "one label only, 'x'.*read with semicolons, as it is not sep"),
        ("a,b,label\n1,5,2,5,x\n", "row 2 has 5 cells, and the header has 3; a cell with a sep"),
        ("a b label\n1 2 x\n", "needs a column named label; its columns must be separated by com"),
        ("sep=:\na:label\n1:x\n", "sep=':' is no separator"),
        ("a,class\n1,x\n", "needs a column named label; rename 'class' if it is that"),
        ("1,2,x\n3,4,y\n", "needs a column named label; its first row must be a header"),
        ("# made by me\na,label\n1,x\n", "row 2 has 2 cells, and the header has 1; row 1 must be"),
        ("#a,b\n1,x\n", "its first row must be a header, not a comment"),
        ("a,label\n# half\n1,x\n", "row 2 has 1 cells"),
        ("a,label\n\n1,x\n", "row 2 has 0 cells, and the header has 2; take empty lines out"),
        ("a,label,Label\n1,x,y\n", "has the columns 'label' and 'Label'; keep one"),
        ("a,label,client,Client\n1,x,y,z\n", "has the columns 'client' and 'Client'"),
        ("e\u0301,\u00e9,label\n1,2,x\n", "two columns have the name"),
        (",a,label\nr0,1,x\nr1,2,y\n", "column 1 has no name"),
        (",a,label\n1,1,x\n1,2,y\n", "column 1 has no name"),
        ("a,label\n1,True\n2,1\n3,False\n", "column label: has True beside 1"),
        ("a,label\n1,inf\n2,x\n", "column label: has inf"),
        ('a,label\n1,"x" y\n2,z\n', "row 2: "),
    ],
)
def test_what_cannot_be_read_for_sure_is_refused(content, sentence):
    with pytest.raises(ValueError, match=rf"^CSV: .*{sentence}") as refusal:
        load_csv(content.encode())
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"])
def test_other_encodings_are_refused_with_what_to_do(encoding):
    with pytest.raises(
        ValueError, match=r"CSV: is not (text in UTF-8, .*save it again|a text file)"
    ):
        load_csv("a,label\n1,é\n2,y\n".encode(encoding))


def test_a_file_of_many_rows_is_read():
    lines = [f"{i % 89 / 8};{i % 5};{i % 40}" for i in range(200_000)]
    content = "\n".join(["a;label;client", *lines]).replace(".", ",").encode()[:5_000_000]
    assert source_of(load_csv(content[: content.rindex(b"\n")])).shape()[0] > 190_000


def test_what_is_no_file():
    for given in (None, 7, "a,label\n1,x\n2,y\n", [b"a"]):
        with pytest.raises(ValueError, match=r"^CSV: must be given by its path, or as bytes"):
            load_csv(given)
