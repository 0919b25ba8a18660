"""The door for what comes from outside: round trips, named refusals, and fuzzing.

What must hold for any input: a plain value or a ValueError of one short sentence, in bounded time
and memory. Nothing else may come out, no other exception and no warning.
"""

import base64
import io
import json
import os
import random
import struct
import tracemalloc
import zipfile
import zlib
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fedplay import untrusted
from fedplay.untrusted import (
    csv_rows,
    decode_token,
    encode_token,
    escape,
    json_object,
    npz,
    quoted,
)
from tests.support.counting import lines

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20) + 1, 10**20 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(max_size=9), PLAIN, max_size=8)


def outcome(door, *given):
    """What comes in, or the sentence of the refusal, which must be one and short."""
    try:
        return door(*given), ""
    except ValueError as refusal:
        sentence = str(refusal)
    if not sentence or "\n" in sentence or len(sentence) > 200:
        raise AssertionError(f"not one short sentence: {sentence!r}")
    return None, sentence


# --- JSON -------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(OBJECTS)
def test_json_round_trip(value):
    text = json.dumps(value)
    assert json_object(text) == value
    assert json_object(text.encode()) == value
    assert json_object(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1, column 1 is not valid"),
        ("[]", "must be an object"),
        ('"text"', "must be an object"),
        ("null", "must be an object"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"b": {"a": 1, "a": 1}}', "the key 'a' is there twice"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ('{"a": 1e999}', "'1e999' is too large"),
        ('{"a": -1e999}', "'-1e999' is too large"),
        ('{"a": ' + "9" * 21 + "}", "has more than 20 digits"),
        ('{"a": ' + "9" * 60000 + "}", "has more than 20 digits"),
        ('{"a": 1} trailing', "is not valid"),
        ("{'a': 1}", "is not valid"),
        ('{"a": ' + "[" * 20 + "]" * 20 + "}", "nested deeper than 20"),
        ('{"a":' * 12000, "nested deeper than 20"),
        ("[" * 65536, "nested deeper than 20"),
        ('{"a": "\\ud800"}', "not valid Unicode"),
        ('{"\\udfff": 1}', "not valid Unicode"),
        ('{"a": "\ud800"}', "not valid UTF-8"),
        (b'{"a": "\xff"}', "not valid UTF-8"),
        ('\ufeff\ufeff{"a": 1}', "line 1, column 1 is not valid"),
        ('{"a": 1}'.encode("utf-16"), "not valid UTF-8"),
        ('{"a": "' + "x" * 65536 + '"}', "larger than 65,536 bytes"),
        ('{"a": "' + "é" * 40000 + '"}', "larger than 65,536 bytes"),
        (b" " * 65537, "larger than 65,536 bytes"),
        (7, "must be text"),
        (None, "must be text"),
    ],
)
def test_json_that_is_refused(text, sentence):
    _, refusal = outcome(json_object, text)
    assert refusal.startswith("JSON: ")
    assert sentence in refusal


@pytest.mark.parametrize("text", ['\ufeff{"a": 1}', b'\xef\xbb\xbf{"a": 1}'])
def test_json_may_begin_with_a_byte_order_mark(text):
    """Some editors write one in front of any UTF-8."""
    assert json_object(text) == {"a": 1}


def test_json_that_is_just_allowed():
    assert json_object('{"a": ' + "[" * 19 + "]" * 19 + "}")
    assert json_object('{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\" {{{{{{{{{{{{{{{{{{{{"}')
    assert json_object('{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
    assert json_object('{"a": -' + "9" * 20 + "}") == {"a": -(10**20 - 1)}
    assert json_object('{"a": "' + "x" * 65527 + '"}')
    with pytest.raises(ValueError, match="larger than 10 bytes"):
        json_object('{"a": 12345}', limit=10)


@settings(deadline=None, max_examples=500)
@given(st.text('{}[]",:\\u0dD8123eE+-. \n\tnulltrefasINy', max_size=60) | st.text() | st.binary())
def test_json_of_any_text(text):
    value, sentence = outcome(json_object, text)
    assert sentence or isinstance(value, dict)


@pytest.mark.parametrize("hostile", ['"', '\\"', '"\\', "\\", '{"', '"a",', "[]", "{}", '\\u0000"'])
def test_json_of_twice_the_length_is_twice_the_work(hostile):
    """How long it takes: `make bench`, the doors."""
    for start in ("", '{"'):
        short, long = (
            lines(partial(outcome, json_object, start + hostile * (n // len(hostile))))
            for n in (16_000, 32_000)
        )
        assert long < 2.1 * short + 100


def test_a_refusal_repeats_little():
    for hostile in ("x" * 5000, "\x1b[31m" * 100, "\u202e" * 100, "'" * 100, "é" * 100, "\n"):
        assert len(quoted(hostile)) <= 60
        assert quoted(hostile).isprintable()
        text = json.dumps({hostile: 1})
        sentence = outcome(json_object, text[:-1] + "," + text[1:])[1]
        assert "is there twice" in sentence
        assert len(sentence) < 100


# --- tokens -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(OBJECTS)
def test_token_round_trip(value):
    token = encode_token(value)
    assert decode_token(token) == value
    assert token.startswith("fp1.")
    assert len(token) <= 4096
    assert set(token) <= set(untrusted.TOKEN_PREFIX + "abcdefghijklmnopqrstuvwxyz-_0123456789"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # fmt: skip


def packed(raw):
    return "fp1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


TOKEN = encode_token({"clients": 20, "alpha": 0.3, "partition": "dirichlet", "rounds": 50})


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "must begin with fp1."),
        ("fp1.", "has characters that no token has"),
        ("fp2." + TOKEN[4:], "must begin with fp1., not 'fp2."),
        (TOKEN + "=", "has characters"),
        (TOKEN + "\n", "has characters"),
        (" " + TOKEN, "must begin"),
        (TOKEN[:40] + "é" + TOKEN[40:], "has characters"),
        (TOKEN[:40] + "+" + TOKEN[41:], "has characters"),
        ("fp1.A", "cut off"),
        ("fp1." + "A" * 5000, "at most 4,096 characters"),
        (None, "must be text"),
        (b"fp1.", "must be text"),
        (packed(b"no zlib"), "damaged"),
        (packed(zlib.compress(b'{"a": 1}')[:-1]), "cut off"),
        (packed(zlib.compress(b'{"a": 1}')[:-4] + b"\0\0\0\0"), "damaged"),
        (packed(zlib.compress(b'{"a": 1}') + b"x"), "behind its end"),
        (packed(zlib.compress(b'{"a": 1}') * 2), "behind its end"),
        (packed(zlib.compress(b"[1, 2]")), "must be an object"),
        (packed(zlib.compress(b'{"a": NaN}')), "NaN is not"),
        (packed(zlib.compress(b'{"a": 1, "a": 1}')), "twice"),
        (packed(zlib.compress(b" " * 65537, 9)), "more than 65,536 bytes"),
        (packed(zlib.compress(b" " * 2_900_000, 9)), "more than 65,536 bytes"),
        (packed(b""), "has characters"),
    ],
)
def test_a_token_that_is_refused(token, sentence):
    assert sentence in outcome(decode_token, token)[1]


def test_bits_behind_the_last_byte_are_refused():
    raw = zlib.compress(b'{"a": 12}')
    assert len(raw) % 3 != 0
    token = packed(raw)
    assert decode_token(token) == {"a": 12}
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    assert "bits that stand for nothing" in outcome(decode_token, twin)[1]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"a": float("nan")}, "plain, finite values"),
        ({"a": np.zeros(3)}, "plain, finite values"),
        ({"a": {1, 2}}, "plain, finite values"),
        ({(1, 2): 1}, "plain, finite values"),
        ([1], "must be an object"),
        ({"a": 10**30}, "more than 20 digits"),
        ({1: "a", "1": "b"}, "twice"),
        ({"a": "\ud800"}, "not valid UTF-8"),
        ({"a": "x" * 70000}, "larger than 65,536"),
        ({"a": random.Random(0).randbytes(4000).hex()}, "longer than 4,096 characters"),
    ],
)
def test_what_cannot_travel_in_a_token(value, sentence):
    assert sentence in outcome(encode_token, value)[1]


def test_a_value_that_holds_itself():
    loop = {}
    loop["a"] = loop
    assert outcome(encode_token, loop)[1]


def test_ten_thousand_mutated_tokens():
    """Changed, cut, doubled and spliced tokens are refused or decode to a plain object."""
    dice = random.Random(5)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n\0é"
    accepted = 0
    for _ in range(10_000):
        text = list(TOKEN)
        for _ in range(dice.choice((1, 1, 2, 5))):
            place = dice.randrange(4, len(text))
            kind = dice.randrange(5)
            if kind == 0:
                text[place] = dice.choice(alphabet)
            elif kind == 1:
                text.insert(place, dice.choice(alphabet))
            elif kind == 2:
                del text[place]
            elif kind == 3:
                text[place:place] = text[dice.randrange(4, len(text)) :]
            else:
                del text[max(place, 10) :]
        value, sentence = outcome(decode_token, "".join(text))
        accepted += not sentence
        assert sentence or isinstance(value, dict)
        assert sentence or value == decode_token(TOKEN)  # the checksum finds every change
    assert accepted < 100


@settings(deadline=None, max_examples=400)
@given(st.binary(max_size=200))
@example(zlib.compress(b'{"a":[' + b"[" * 60000, 9))
def test_tokens_of_any_bytes(raw):
    for inner in (raw, zlib.compress(raw)):
        value, sentence = outcome(decode_token, packed(inner))
        assert sentence or isinstance(value, dict)


def test_a_token_bomb_is_not_unpacked():
    bomb = packed(zlib.compress(b" " * 2_900_000, 9))
    assert len(bomb) <= 4096
    tracemalloc.start()
    outcome(decode_token, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


# --- CSV --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.text("abcXYZé, \"';", max_size=8).map(str.strip), min_size=2, max_size=5),
    st.integers(0, 6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\r\n\r\n"]),
)
def test_csv_round_trip(cells, rows, newline, end):
    import csv

    header = [f"column {i}" for i in range(len(cells))]
    content = io.StringIO()
    csv.writer(content, lineterminator=newline).writerows([header, *[cells] * rows])
    encoded = (content.getvalue() + end).encode()
    assert csv_rows(encoded) == (header, [cells] * rows)
    assert csv_rows(b"\xef\xbb\xbf" + encoded) == (header, [cells] * rows)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * 5_000_001, "larger than 5,000,000 bytes"),
        (b"a\n" + b"1\n" * 200_001, "more than 200,000 rows"),
        (",".join(f"c{i}" for i in range(1001)).encode(), "more than 1,000 columns"),
        (b"a" * 201, "name of column 1 is too long"),
        (b"a\n" + b"1" * 140_000, "row 2: field larger than field limit"),
        (b'a\n"1"x\n', "row 2: "),
        ("a\n1".encode("utf-16"), "not text in UTF-8"),
    ],
)
def test_csv_limits(content, sentence):
    assert sentence in outcome(csv_rows, content)[1]


def test_csv_limits_are_still_allowed():
    _, rows = csv_rows(b"a\n" + b"1\n" * 200_000)
    assert len(rows) == 200_000
    header, _ = csv_rows(",".join(f"c{i}" for i in range(1000)).encode())
    assert len(header) == 1000


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | st.text('ab,"\n\r;\0\ufeff', max_size=60).map(str.encode))
def test_csv_of_any_bytes(content):
    value, sentence = outcome(csv_rows, content)
    if not sentence:
        header, rows = value
        assert len(set(header)) == len(header) >= 1
        assert all(len(row) == len(header) for row in rows)


def test_a_large_csv_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    content = untrusted.csv_bytes(path)
    assert len(content) == 5_000_001
    assert "larger than" in outcome(csv_rows, content)[1]


# --- npz --------------------------------------------------------------------------------------


def saved(save=np.savez_compressed, **named):
    file = io.BytesIO()
    save(file, **named)
    return file.getvalue()


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def npy(header, content=b"", version=b"\1\0"):
    line = header.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(line)) + line + content


def header_of(descr="'<f8'", shape="(2,)", fortran="False"):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


def npz_arrays(source, *limits):
    """Every array of a file, by name."""
    with npz(source, *limits) as file:
        return {name: file.read(name) for name in file.headers}


DTYPES = ["|b1", "|i1", "<i2", ">i4", "<i8", "|u1", ">u8", "<f2", "<f4", "<f8", ">f8"]


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: arrays(np.dtype(dtype), array_shapes(min_dims=0, max_dims=4, min_side=0))
    ),
    st.booleans(),
    st.booleans(),
)
def test_npz_round_trip(array, fortran, compress):
    array = np.asfortranarray(array) if fortran and array.ndim else array
    got = npz_arrays(saved(np.savez_compressed if compress else np.savez, one=array, two=array))
    assert list(got) == ["one", "two"]
    for one in got.values():
        assert one.shape == array.shape
        assert one.dtype == array.dtype.newbyteorder("=")
        assert np.array_equal(one, array, equal_nan=array.dtype.kind == "f")


def test_npz_texts_and_paths(tmp_path):
    words = np.array([["é", "😀"], ["long " * 20, ""]])
    path = tmp_path / "history.npz"
    path.write_bytes(saved(words=words, swapped=words.astype(words.dtype.newbyteorder()), word="x"))
    for given_path in (path, str(path)):
        got = npz_arrays(given_path)
        assert np.array_equal(got["words"], words)
        assert np.array_equal(got["swapped"], words)
        assert got["word"].shape == ()
        assert str(got["word"]) == "x"
    with pytest.raises(FileNotFoundError):
        npz_arrays(tmp_path / "missing.npz")


def test_an_empty_npz():
    assert npz_arrays(saved()) == {}


class Boom:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


GOOD = npy(header_of(), bytes(16))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not an npz file"),
        (b"PK\5\6", "is not an npz file"),
        (b"hello" * 100, "is not an npz file"),
        (saved(a=np.zeros(3)) + b"x", "is not an npz file"),
        (b"x" + saved(a=np.zeros(3)), "something in front of its arrays"),
        (saved(a=np.array([Boom()], dtype=object)), "'a.npy' is not an array of numbers or text"),
        (saved(a=np.zeros(2, dtype="c16")), "not an array of numbers"),
        (saved(a=np.zeros(2, dtype="M8[s]")), "not an array of numbers"),
        (saved(a=np.zeros(2, dtype="S3")), "not an array of numbers"),
        (saved(a=np.zeros(2, dtype=[("x", "f8")])), "not an array of numbers"),
        (saved(a=np.zeros((1,) * 9)), "not an array of numbers"),
        (zipped([("../a.npy", GOOD)]), "which no array has"),
        (zipped([("/a.npy", GOOD)]), "which no array has"),
        (zipped([("a.txt", GOOD)]), "which no array has"),
        (zipped([("dir/", b"")]), "which no array has"),
        (zipped([("é.npy", GOOD)]), "which no array has"),
        (zipped([("a" * 200 + ".npy", GOOD)]), "which no array has"),
        (zipped([("a.npy", GOOD)], zipfile.ZIP_BZIP2), "compressed in an unknown way"),
        (zipped([("a.npy", b"")]), "not an array in numpy's format 1.0"),
        (zipped([("a.npy", b"\x93NUMPY\2\0" + bytes(200))]), "not an array in numpy's format 1.0"),
        (zipped([("a.npy", npy(header_of(), bytes(15)))]), "does not have the size"),
        (zipped([("a.npy", npy(header_of(), bytes(17)))]), "does not have the size"),
        (zipped([("a.npy", npy(header_of(shape="(999999999999,)"), bytes(16)))]), "does not have"),
        (zipped([("a.npy", npy(header_of(shape="(0, 999999999999)")))]), "does not have the size"),
        (zipped([("a.npy", npy(header_of(shape="(-1,)"), b""))]), "not an array of numbers"),
        (zipped([("a.npy", npy(header_of(shape="2"), bytes(16)))]), "not an array of numbers"),
        (zipped([("a.npy", npy(header_of("'|O'"), b"cos\nsystem\n"))]), "not an array of numbers"),
        (zipped([("a.npy", npy(header_of("'<f16'"), bytes(32)))]), "not an array of numbers"),
        (zipped([("a.npy", npy(header_of("'<U0'")))]), "not an array of numbers"),
        (zipped([("a.npy", npy("(" * 100))]), "not an array of numbers"),
        (zipped([("a.npy", npy(header_of("'|b1'"), b"\1\7"))]), "neither true nor false"),
        (zipped([("a.npy", npy(header_of("'<U1'"), b"\xff" * 8))]), "not valid Unicode"),
        (zipped([("a.npy", npy(header_of("'>U1'"), b"\0\0\xd8\0" * 2))]), "not valid Unicode"),
        (zipped([(f"a{i}.npy", GOOD) for i in range(1001)]), "more than 1,000 members"),
        (zipped([(f"a{i}.npy", b"") for i in range(5000)]), "more than 1,000 members"),
    ],
)
def test_an_npz_that_is_refused(content, sentence):
    refusal = outcome(npz_arrays, content)[1]
    assert refusal.startswith("npz: ")
    assert sentence in refusal


def test_the_same_member_twice():
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped([("a.npy", GOOD), ("a.npy", GOOD)])
    assert "which no array has" in outcome(npz_arrays, content)[1]


def test_an_npz_bomb_is_not_unpacked():
    """300 MB in 300 kB, in one member and in many: refused on what the directory declares."""
    zeros = bytes(30_000_000)
    one = npy(header_of("'|u1'", "(30000000,)"), zeros)
    bomb = zipped([(f"a{i}.npy", one) for i in range(10)])
    assert len(bomb) < 400_000
    tracemalloc.start()
    assert "unpacks to more than 268,435,456 bytes" in outcome(npz_arrays, bomb)[1]
    assert "unpacks to more than 1,000 bytes" in outcome(npz_arrays, bomb, 400_000)[1].replace(
        "400,000", "1,000"
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_an_npz_bomb_that_lies_about_its_size():
    """The directory declares 144 bytes, the compressed stream holds 30 MB: no more than the 144
    are unpacked, and the checksum does not match."""
    bomb = bytearray(zipped([("a.npy", npy(header_of(), bytes(30_000_000)))]))
    true_size = struct.pack("<I", 128 + 30_000_000)
    assert bomb.count(true_size) == 2
    small = bytes(bomb).replace(true_size, struct.pack("<I", 128 + 16))
    tracemalloc.start()
    assert "damaged" in outcome(npz_arrays, small)[1]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_member_that_ends_too_early():
    """16 bytes are declared and 8 are there, with the right checksum of those."""
    content = zipped([("a.npy", npy(header_of(), bytes(8)))])
    true_size = struct.pack("<I", 128 + 8)
    assert content.count(true_size) == 2
    longer = content.replace(true_size, struct.pack("<I", 128 + 16))
    assert "'a.npy' is cut off" in outcome(npz_arrays, longer)[1]


def test_members_that_lie_over_each_other():
    """Both entries of the directory lead to one place: a bomb needs its content only once."""
    content = bytearray(zipped([("a.npy", GOOD), ("b.npy", GOOD)], zipfile.ZIP_STORED))
    second = content.rindex(b"PK\1\2") + 42  # where its place is written
    place = struct.unpack_from("<I", content, second)[0]
    assert place > 100
    for moved in (0, 1, place - 1):
        struct.pack_into("<I", content, second, moved)
        assert "lie over each other" in outcome(npz_arrays, bytes(content))[1]


def test_what_unpacks_to_500_times_its_size_and_more_is_no_measurement():
    """Up to 32 MB anything may be regular: a run in which all is zero, or NaN, is one too."""
    zeros = zipped([("a.npy", npy(header_of("'|u1'", "(33000000,)"), bytes(33_000_000)))])
    assert npz_arrays(zeros)["a"].shape == (33_000_000,)
    larger = zipped([("a.npy", npy(header_of("'|u1'", "(34000000,)"), bytes(34_000_000)))])
    assert "unpacks to more than 500 times its size" in outcome(npz_arrays, larger)[1]


def test_headers_are_known_before_an_array_is_read():
    content = saved(a=np.zeros((2, 3), "<f4"), b=np.asfortranarray(np.zeros((2, 2), int)))
    with npz(content) as file:
        assert {name: header.shape for name, header in file.headers.items()} == {
            "a": (2, 3),
            "b": (2, 2),
        }
        assert [header.size for header in file.headers.values()] == [24, 32]
        assert [header.fortran for header in file.headers.values()] == [False, True]
        assert file.read("a").dtype == np.float32


def test_a_file_of_more_than_64_megabytes(tmp_path):
    with (tmp_path / "large.npz").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    assert "larger than 67,108,864 bytes" in outcome(npz_arrays, tmp_path / "large.npz")[1]


def test_a_large_directory_is_not_read(monkeypatch):
    def opened(*_):
        raise AssertionError("zipfile reads the whole directory")

    content = zipped([(f"{i:0100d}.npy", b"") for i in range(2000)])
    monkeypatch.setattr(zipfile, "ZipFile", opened)
    assert "more than 1,000 members" in outcome(npz_arrays, content)[1]


def test_a_zip_of_the_64_bit_kind_and_an_encrypted_one():
    content = zipped([("a.npy", GOOD)])
    locator = b"PK\6\7" + bytes(16)
    assert "64-bit kind" in outcome(npz_arrays, content[:-22] + locator + content[-22:])[1]
    encrypted = bytearray(content)
    encrypted[content.index(b"PK\1\2") + 8] |= 1
    assert "is encrypted" in outcome(npz_arrays, bytes(encrypted))[1]


def test_limits_can_be_chosen():
    content = saved(a=np.zeros(100), b=np.zeros(100))
    assert "larger than 100 bytes" in outcome(npz_arrays, content, 100)[1]
    assert "unpacks to more than 1,000 bytes" in outcome(npz_arrays, content, 1000)[1]
    assert "more than 1 members" in outcome(npz_arrays, content, 10_000, 1)[1]
    assert len(npz_arrays(content, 10_000, 2)) == 2


SAVED = [
    saved(save, a=np.arange(12.0).reshape(3, 4), b=np.array(["x", "yz"]), c=np.array([True, False]))
    for save in (np.savez, np.savez_compressed)
]


def test_two_thousand_mutated_npz_files():
    dice = random.Random(6)
    for i in range(2000):
        content = bytearray(SAVED[i % 2])
        for _ in range(dice.choice((1, 1, 3, 10))):
            place = dice.randrange(len(content))
            kind = dice.randrange(4)
            if kind < 2:
                content[place] = dice.choice((0, 1, 255, dice.randrange(256)))
            elif kind == 2:
                del content[place : place + dice.randrange(1, 9)]
            else:
                content[place:place] = dice.randbytes(dice.randrange(1, 9))
        value, sentence = outcome(npz_arrays, bytes(content))
        assert sentence or all(array.nbytes < 1000 for array in value.values())


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_npz_members_of_any_bytes(content):
    outcome(npz_arrays, content)
    outcome(npz_arrays, zipped([("a.npy", content)]))
    outcome(npz_arrays, zipped([("a.npy", b"\x93NUMPY\1\0" + content)]))


@settings(deadline=None, max_examples=300)
@given(
    st.text("{}'(),:<>|=?biufUOSM0123456789 \ndescrfortan_hpTFl", max_size=80),
    st.binary(max_size=20),
)
def test_npz_headers_of_any_text(header, content):
    outcome(npz_arrays, zipped([("a.npy", npy(header, content))]))


# --- files ------------------------------------------------------------------------------------


def test_a_file_is_read_up_to_what_is_wanted(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    for most, got in ((0, b"1"), (4, b"12345"), (5, b"12345"), (10**9, b"12345")):
        for given_path in (path, str(path), os.fsencode(path)):
            assert untrusted.file_bytes(given_path, most) == got
    with path.open("wb") as file:
        file.truncate(10**10)
    assert len(untrusted.file_bytes(path, 1000)) == 1001
    with pytest.raises(FileNotFoundError, match="nothing"):
        untrusted.file_bytes(tmp_path / "nothing", 5)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="asks for /dev")
def test_what_is_not_a_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", "/dev/zero", "/dev/null", "/dev/tty"):
        sentence = outcome(untrusted.file_bytes, path, 5)[1]
        assert sentence == f"{path}: is a device or a pipe, not a regular file"
    assert outcome(untrusted.file_bytes, tmp_path, 5)[1] == f"{tmp_path}: is a folder, not a file"


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="asks for /proc")
def test_a_file_of_no_size_that_has_content_is_not_read_to_its_end():
    for path in ("/proc/self/maps", "/proc/self/environ"):
        assert "has more in it than its size says" in outcome(untrusted.file_bytes, path, 5)[1]


# --- HTML -------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(st.text())
@example("</script><script>alert(1)</script>")
@example('" onmouseover="x')
def test_escaped_text_is_only_text(text):
    import html

    shown = escape(text)
    assert not set("<>\"'") & set(shown)
    assert html.unescape(shown) == html.unescape(html.unescape(shown)) or "&" in text
    assert (
        shown.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
        == text
    )


def test_numbers_can_be_escaped_too():
    assert escape(3.5) == "3.5"
