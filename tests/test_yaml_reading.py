"""A YAML file is read as its editor means it, with the place of every part, and no content makes the reading fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.yaml_source import MAX_FILE_BYTES, Document, parse

PROJECT = Path(__file__).resolve().parent.parent


def read(text):
    return parse(text.encode() if isinstance(text, str) else text, Document("file.yaml"))


def the_fault(text):
    (fault,) = read(text).faults
    assert fault.file == "file.yaml"
    return fault


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("-0", "-0"),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, "9" * 19),
        ("!!int 12", "12"),
        ("'12'", "12"),
        ("0123", "0123"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1.5", "1.5"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("2026-11-21", "2026-11-21"),
        ("2026-13-01", "2026-13-01"),
        ("!!python/name:os.system ''", ""),
    ],
)
def test_only_what_an_editor_means_is_anything_but_text(text, value):
    found = read(f"a: {text}\n").data["a"]

    assert found == value
    assert type(found) is type(value)


def test_the_place_of_every_key_and_item_is_known():
    document = read("topic: a\nentries:\n  - id: b\n    phrases: [one, two]\n  -   id: c\n")

    assert document.faults == []
    assert document.marks == {
        (): (1, 1),
        ("topic",): (1, 1),
        ("entries",): (2, 1),
        ("entries", 0): (3, 5),
        ("entries", 0, "id"): (3, 5),
        ("entries", 0, "phrases"): (4, 5),
        ("entries", 0, "phrases", 0): (4, 15),
        ("entries", 0, "phrases", 1): (4, 20),
        ("entries", 1): (5, 7),
        ("entries", 1, "id"): (5, 7),
    }


def test_a_fault_at_a_place_that_the_file_has_not_stands_at_the_nearest_place_around_it():
    document = read("topic: a\nentries:\n  - id: b\n")

    fault = document.fault(("entries", 0, "approval", "by"), "is missing")

    assert (fault.line, fault.column, fault.path) == (3, 5, "entries.0.approval.by")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, 2),
        ("a: 1\nb: c: d\n", 2, 5),
        ("a: 1\nb:\n\tc: d\n", 3, 1),
        ("a: 1\n---\nb: 1\n", 2, 1),
        ('a: 1\nb: "\\q"\n', 2, 5),
        ("a: 1\n  b: 2\n", 2, 4),
        ("%YAML 3.0\n---\na: 1\n", 1, 1),
    ],
    ids=["list left open", "second colon", "tab", "two documents", "escape", "indent", "version"],
)
def test_broken_yaml_is_named_by_line_and_column(text, line, column):
    fault = the_fault(text)

    assert (fault.line, fault.column, fault.path) == (line, column, "")
    assert fault.message.startswith("is not valid YAML: ")


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("a: b\nc: d\ne: caf\u00e9\n".encode("latin-1"), 3),
        ("a: it\u2019s\n".encode("cp1252"), 1),
        ("a: b\n".encode("utf-16"), 1),
        (b"a: b\nc: \xed\xa0\x80\n", 2),
    ],
)
def test_a_file_in_another_encoding_is_named_at_the_line_of_its_first_strange_letter(raw, line):
    fault = the_fault(raw)

    assert fault.line == line
    assert fault.message == "is not UTF-8 text; save the file as UTF-8"


def test_a_byte_order_mark_is_passed_over():
    assert read(b"\xef\xbb\xbfa: caf\xc3\xa9\n").data == {"a": "caf\u00e9"}


@pytest.mark.parametrize("before", ["cafe", "\u2019\u2019\u2019\u2019", "\U0001f600\U0001f600"])
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b"])
def test_a_control_character_is_named_by_its_line_whatever_letters_stand_before_it(before, character):
    fault = the_fault(f"a: {before}\nb: {before}\nc: d{character}\ne: f\n")

    assert fault.line == 3
    assert fault.message == "holds a character that YAML does not allow"


def test_a_key_given_twice_keeps_its_first_value_and_is_named_at_the_second():
    document = read("a:\n  - b: 1\n    c: 2\n    b: 3\n")

    (fault,) = document.faults
    assert document.data == {"a": [{"b": 1, "c": 2}]}
    assert (fault.line, fault.column, fault.path) == (4, 5, "a.0.b")
    assert fault.message == "stands twice; it is already on line 2"


def test_a_key_that_is_a_list_is_named():
    fault = the_fault("a: 1\n? [b, c]\n: d\n")

    assert (fault.line, fault.column, fault.message) == (2, 3, "a key must be a word")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "~\n"])
def test_a_file_that_says_nothing_has_no_data_and_no_fault_of_its_own(text):
    document = read(text)

    assert (document.data, document.faults) == (None, [])


# Anchors and depth


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: &same [1, {b: c}]\nd: *same\n", 2, 4),
        ("a: 1\nb: *nowhere\n", 2, 4),
        ("a: &all\n  b: *all\n", 1, 4),
        ("&key a: 1\n", 1, 1),
        ("&all\na: 1\n", 1, 1),
        ("a: 1\n? [b, &c d]\n: e\n", 2, 7),
        ("a: 1\na: &again 2\n", 2, 4),
    ],
    ids=["copy", "unknown alias", "inside itself", "key", "whole file", "in a key", "key given twice"],
)
def test_an_anchor_or_an_alias_is_refused_where_it_first_stands(text, line, column):
    fault = read(text).faults[-1]

    assert (fault.line, fault.column) == (line, column)
    assert fault.message == "anchors and aliases are not supported; write it out"


def test_aliases_that_multiply_are_one_fault():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 5)]  # 100,000 from 300 letters

    assert the_fault("\n".join(lines)).line == 1


def test_lists_are_read_twelve_deep_and_no_deeper():
    assert read("a: " + "[" * 12 + "]" * 12).faults == []

    fault = the_fault("a: " + "[" * 13 + "]" * 13)
    assert (fault.line, fault.column, fault.message) == (1, 4 + 12, "is nested too deeply")
    assert fault.path == ".".join(["a"] + ["0"] * 12)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_a_thousand_levels_are_one_fault(opening, closing):
    fault = the_fault("a:\n  " + opening * 1_000 + "x" + closing * 1_000 + "\n")

    assert fault.line == 2


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_a_hundred_thousand_levels_do_not_end_the_process(opening):
    program = (
        "import sys; from bot.knowledge.yaml_source import Document, parse; "
        "print(bool(parse(b'a:\\n  ' + sys.argv[1].encode() * 100_000, Document('f')).faults))"
    )
    ended = subprocess.run([sys.executable, "-c", program, opening], cwd=PROJECT, capture_output=True, text=True)

    assert (ended.returncode, ended.stdout.strip()) == (0, "True")


# Size


@pytest.mark.parametrize(
    "number",
    ["9" * 4_300, "-" + "9" * 5_000, "9" * 100_000, "1e999999999", "!!int '--5'"],
    ids=lambda text: text[:12],
)
def test_a_number_that_no_computer_holds_does_not_make_the_reading_fail(number):
    document = read(f"a: b\nc: {number}\n")

    assert document.data["a"] == "b"
    assert {fault.line for fault in document.faults} <= {2}


def test_a_file_as_large_as_allowed_is_read_and_one_byte_more_is_refused():
    largest = b"a: b\n#".ljust(MAX_FILE_BYTES, b"x")

    assert read(largest).data == {"a": "b"}
    assert the_fault(largest + b"x").message == "is too large (over 32 MB)"


# Anything at all

# fmt: off
PIECES = [
    "topic: a", "- a", "a: ", ":", "[", "]", "{", "}", ",", "&x ", "*x", "!!int ", "!!bool ", "'", '"', "|", ">",
    "? ", "<<: ", "#", "12", "é", "\x07", "---", "...", "%YAML 1.1", "no", "2026-13-01", "~", "\n", "\n", "  ",
    "\t",
]
# fmt: on
YAML_LIKE = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(deadline=None, max_examples=400)
@given(text=YAML_LIKE | st.text(max_size=60))
def test_no_text_makes_the_reading_fail_and_every_fault_stands_inside_the_file(text):
    raw = text.encode("utf-8", "surrogatepass")

    lines = 1 + len(text.splitlines())
    for fault in read(raw).faults:
        assert 1 <= fault.line <= lines
        assert fault.column >= 1
        assert fault.message


@settings(deadline=None, max_examples=200)
@given(raw=st.binary(max_size=60))
def test_no_bytes_make_the_reading_fail(raw):
    assert all(fault.message and fault.line >= 1 for fault in read(raw).faults)


WORDS = st.text("ab é:#-'\"\n", max_size=15) | st.integers(1, 10**6) | st.booleans() | st.none()
PLAIN = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(data=st.dictionaries(st.text("abc", min_size=1, max_size=4), PLAIN, max_size=4))
def test_what_another_program_writes_as_json_is_read_back_as_it_was(data):
    document = read(json.dumps(data))

    assert document.faults == []
    assert document.data == data
