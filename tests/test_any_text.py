"""No text whatever stops the bot: any Unicode, markup, control characters, and 100 kB of anything."""

import json
import math
import signal
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.answering.alarm import raised, raised_by
from bot.answering.answer import answer, asks_to_decide
from bot.answering.evaluation import BadQuery, evaluate
from bot.answering.reply import Asked, Status
from bot.privacy import Found, Kind, mask

FRIDAY_MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

PIECES = [
    "what is private fostering", "and out of hours?", "hello", "he's got her by the throat now", "ring 999 now",
    "Callum Smith", "callum", "baby Arlo", "DIXON, Tia-Mae", "O’Neill", "Mr. Patel", "Dr", "the Cartledge children",
    "dob 12/03/2015", "NHS number 999 328 8241", "9993288241", "07700 900123", "+44 (0)7700 900123", "0044",
    "S70 2DR", "14 Acacia Avenue", "flat 3", "jane@example.com", "@", "a at b.com", "AB123456C", "A123456789012",
    "case ref 12345/67", "SYP-2023-001234", "01226 787789", "Gillick competence", "Victoria Climbié", "School",
    ".", ",", "?", "!", ":", ";", "-", "--", "'", "’s", "“", "(", ")", "[", "]", "[name]", "{", "}", "\\", "/", "|",
    " ", "  ", "\n", "\r\n", "\t", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\u00a0",
    "\u202e", "\u200f", "\u2066", "\u200d", "\u0301", "\ud800", "\udfff", "\ud83d", "👩‍👧‍👦", "🇬🇧",
    "שלום", "طفل", "儿童", "İ", "ẞ", "ﬁ", "½", "٣", "３", "Ⅷ", "ª", "<script>alert(1)</script>", "<!here>", "<@U123>",
    "&amp;", "*b*", "`x`",
    "](http://x)", "%s", "{0}", "{{x}}", "'; DROP TABLE questions;--", "$(x)", "1e999", "NaN", "null",
]  # fmt: skip

anything = st.one_of(
    st.text(st.characters(), max_size=300),  # every code point, lone surrogates among them
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(st.characters(), max_size=3)), max_size=40).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
)
everywhere = settings(max_examples=250, deadline=None)

BIG = 100_000
SHAPES = {
    "one letter": "a",
    "one capital": "A",
    "one digit": "1",
    "dashes": "-",
    "zeroes and spaces": "0 ",
    "single digits": "1 ",
    "names": "Anna ",
    "names in lower case": "callum ",
    "capitalised words": "Table ",
    "sentences": "A. ",
    "stops": ". ",
    "lines": "a\n",
    "ordinary sentences": "The child was seen at home and was well. ",
    "a base64 block": "aGVsbG8gd29ybGQK",
    "a table": "| 12 | 2024-05-01 | Team | yes |\n",
    "dates of birth": "dob 1/1/2010 ",
    "telephone numbers": "07700 900123 ",
    "postcodes": "S70 1AA ",
    "case": "case-",
    "houses": "2 Foo ",
    "mailboxes": "a@",
    "markup": "<b>**_~`[](){}",
    "nothing visible": "\u200d",
    "accents": "\u0301",
    "null characters": "\x00",
    "right to left": "\u202eשלום ",
    "lone surrogates": "\ud800",
    "families": "👩‍👧‍👦",
}

HUNDRED_KILOBYTES = [
    "one letter", "one digit", "dashes", "names", "sentences", "lines", "ordinary sentences", "a base64 block",
    "telephone numbers", "case", "markup", "right to left",
]  # fmt: skip
"""Those that are worth asking at full length; the others are like one of them."""


@contextmanager
def at_most(seconds):
    """Fail, rather than hang, when it takes longer; generous, since this machine may be busy."""

    def too_slow(*_):
        raise AssertionError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def find(barnsley):
    """The guard's findings. Only this much, since hypothesis prints what a test is given."""
    return lambda text: barnsley.guard.find(text)


@pytest.fixture(scope="module")
def reply_to(barnsley):
    return lambda text, previous=None: answer(Asked(text, FRIDAY_MORNING, previous=previous), barnsley)


@pytest.fixture(scope="module")
def evaluated(barnsley):
    return lambda *lines: evaluate(lines, barnsley, FRIDAY_MORNING)


def big(shape):
    unit = SHAPES[shape]
    return (unit * (BIG // len(unit) + 1))[:BIG]


def assert_in_order(found: list[Found], text: str):
    position = 0
    for item in found:
        assert isinstance(item.kind, Kind)
        assert position <= item.start < item.end <= len(text), found
        position = item.end


def assert_masked(text: str, found: list[Found]):
    masked = mask(text, found)
    kept, position = [], 0
    for item in found:
        kept.append(text[position : item.start])
        position = item.end
    kept.append(text[position:])
    labels = [f"[{item.kind.value}]" for item in found]
    for item in found:
        part = text[item.start : item.end]
        if not any(part in other for other in (*kept, *labels)):
            assert part not in masked
    rest = masked
    for piece, label in zip(kept, [*labels, ""], strict=True):
        assert rest.startswith(piece + label)
        rest = rest[len(piece) + len(label) :]
    assert rest == ""


@everywhere
@given(anything)
def test_the_alarm_takes_any_text(text):
    assert raised(text) in (True, False)
    assert raised_by(text, None) in (True, False)


@everywhere
@given(anything)
def test_what_the_guard_finds_lies_in_the_text_in_order_and_does_not_overlap(find, text):
    assert_in_order(find(text), text)


@everywhere
@given(anything)
def test_masking_leaves_nothing_of_what_was_found_and_takes_nothing_else(find, text):
    assert_masked(text, find(text))


@everywhere
@given(anything, st.sampled_from([None, "contacts.front-door", "bot.greeting", "", "gone.gone", "\ud800"]))
@example(PIECES[0], "contacts.front-door")
def test_any_text_gets_a_reply(reply_to, text, previous):
    reply = reply_to(text, previous)
    assert reply.status in set(Status) - {Status.ERROR, Status.BUSY, Status.SWITCHED_OFF}
    assert math.isfinite(reply.ranking.confidence)
    assert all(math.isfinite(candidate.score) for candidate in reply.ranking.candidates)
    assert len(reply.shown) <= 3
    assert asks_to_decide(text) in (True, False)
    assert (reply.status is Status.IDENTIFIERS) == bool(reply.found)


@everywhere
@given(st.lists(anything, min_size=1, max_size=3))
def test_a_thread_of_any_texts_is_evaluated_turn_by_turn_and_is_valid_json(evaluated, texts):
    line = json.dumps({"turns": [{"text": text} for text in texts]})
    results = list(evaluated(line))
    assert len(results) == len(texts)
    for result in results:
        again = json.loads(json.dumps(result, allow_nan=False))
        assert again.keys() == {
            "text", "answer_id", "shown", "alternatives", "status", "emergency", "score", "ms"
        }  # fmt: skip
        assert len(result["shown"]) <= 3
        assert result["alternatives"]
        assert result["answer_id"] not in result["alternatives"]


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_characters="\n"), max_size=100))
@example("")
@example("null")
@example("7")
@example('"text"')
@example("[]")
@example("{}")
@example('{"text": null}')
@example('{"text": 7}')
@example('{"turns": 7}')
@example('{"turns": ["a"]}')
@example('{"turns": [{"text": 7}]}')
@example('{"text": "a"')
@example('{"text": NaN}')
@example("1" * 5000)
def test_a_line_that_is_no_query_is_named_and_nothing_else_is_raised(evaluated, line):
    lines = [json.dumps({"text": "hello"}), line]
    results = evaluated(*lines)
    assert next(results)["status"] == "small_talk"
    if not line.strip():
        assert list(results) == []
        return
    with pytest.raises(BadQuery, match=r"^line 2: "):
        next(results)


def test_a_line_of_nothing_but_brackets_is_named_too(evaluated):
    with pytest.raises(BadQuery, match=r"^line 1: "):
        list(evaluated("[" * 50_000))


@pytest.mark.parametrize("shape", HUNDRED_KILOBYTES)
def test_a_hundred_kilobytes_of_anything_are_read_in_seconds_and_handed_back(reply_to, shape):
    text = big(shape)
    with at_most(15):
        raised(text)
        reply = reply_to(text)
    assert reply.status in (Status.EMPTY, Status.IDENTIFIERS, Status.TOO_LONG)
    assert reply.give_back == (None if reply.status is Status.EMPTY else text)
    assert_in_order(list(reply.found), text)


@pytest.mark.parametrize("shape", SHAPES)
def test_two_thousand_characters_of_anything_are_answered_within_a_second(reply_to, shape):
    with at_most(2):  # a second's work, and room for a busy machine
        text = big(shape)[:2000]
        raised(text)
        reply = reply_to(text)
    assert reply.status not in (Status.TOO_LONG, Status.ERROR)
