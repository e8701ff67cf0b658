"""What identifies a person is found and masked; services, laws and everyday words pass."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.messages import identifiers
from bot.config import ROOT
from bot.knowledge.loading import load
from bot.privacy import Found, Guard, Kind, mask
from bot.privacy.numbers import is_personal, national, nhs_check_digit_is_right

DEVELOPERS = ROOT / "tests" / "questions" / "dev-identifiers.jsonl"
LINES = ROOT / "tests" / "identifiers" / "lines.jsonl"
BARE = Guard()


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def find(barnsley):
    """What Barnsley's guard finds (alone, since hypothesis prints what a test is given)."""
    return lambda text: kinds(barnsley.guard, text)


def kinds(guard, text):
    return [(found.kind.value, text[found.start : found.end]) for found in guard.find(text)]


# The sets


@pytest.mark.parametrize(
    ("path", "least_found", "most_false"),
    [(DEVELOPERS, 0.92, 0.08), (LINES, 0.90, 0.08)],
    ids=["developers", "lines"],
)
def test_the_sets_are_found_and_passed_as_they_should(barnsley, path, least_found, most_false):
    items = read(path)
    naming = [item["text"] for item in items if item["identifying"]]
    others = [item["text"] for item in items if not item["identifying"]]
    assert min(len(naming), len(others)) >= 40
    missed = [text for text in naming if not barnsley.guard.find(text)]
    false = [text for text in others if barnsley.guard.find(text)]
    assert len(missed) <= (1 - least_found) * len(naming), missed
    assert len(false) <= most_false * len(others), false


def test_hardly_a_part_that_identifies_is_left_after_masking(barnsley):
    parts = left = 0
    for item in read(LINES):
        masked = mask(item["text"], barnsley.guard.find(item["text"]))
        parts += len(item["parts"])
        left += sum(part in masked for part in item["parts"])
    assert parts >= 350
    assert left <= parts / 10


def test_what_was_masked_may_be_asked_without_being_refused_again(barnsley):
    refused = {}
    for item in (*read(LINES), *read(DEVELOPERS)):
        masked = mask(item["text"], barnsley.guard.find(item["text"]))
        if again := kinds(barnsley.guard, masked):
            refused[masked] = again
    assert refused == {}


@pytest.mark.parametrize("field", ["phrases", "never", "steps"])
def test_what_the_knowledge_base_says_itself_is_hardly_ever_taken_for_an_identifier(barnsley, field):
    texts = [text for entry in barnsley.knowledge.entries.values() for text in getattr(entry, field)]
    flagged = [text for text in texts if barnsley.guard.find(text)]
    assert len(texts) > 150
    assert len(flagged) < len(texts) / 100, flagged


def test_no_answer_and_no_title_of_the_knowledge_base_is_taken_for_an_identifier(barnsley):
    for entry in barnsley.knowledge.entries.values():
        assert kinds(barnsley.guard, entry.title) == [], entry.full_id
        assert kinds(barnsley.guard, entry.answer) == [], entry.full_id


# Each kind


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        # Names
        ("Callum Smith has a bruise", "name", "Callum Smith"),
        ("callum has a bruise", "name", "callum"),
        ("I saw Mr Patel at the door", "name", None),
        ("the Cartledge children are late again", "name", "Cartledge"),
        ("DIXON, Tia-Mae was absent", "name", None),
        ("his mum Beth is drinking", "name", "Beth"),
        ("a lad called Jaxxon", "name", "Jaxxon"),
        ("Hope says her dad hits her", "name", "Hope"),
        ("Mark is hitting her", "name", "Mark"),
        ("José García came in", "name", "José García"),
        ("RH, aged 5, was seen", "name", "RH"),
        ("I spoke with Mohammed’s mum", "name", "Mohammed"),
        # Dates of birth
        ("born 12/03/2015", "dob", "12/03/2015"),
        ("dob 12.3.15", "dob", "12.3.15"),
        ("D.O.B. 12 March 2015", "dob", "12 March 2015"),
        ("date of birth is 2015-03-12", "dob", "2015-03-12"),
        ("DOB: 120315", "dob", "120315"),
        ("March 12th, 2015 dob", "dob", "March 12th, 2015"),
        # Numbers
        ("NHS number 999 328 8241", "nhs-number", "999 328 8241"),
        ("9993288241 was seen", "nhs-number", "9993288241"),
        ("nhs no: 123 456 7890", "nhs-number", "123 456 7890"),
        ("AB 12 34 56 D", "ni-number", "AB 12 34 56 D"),
        ("ab123456c", "ni-number", "ab123456c"),
        ("UPN A123456789012", "upn", "A123456789012"),
        ("A12345678901B", "upn", "A12345678901B"),
        ("case number 123456", "case-id", None),
        ("Mosaic 1234567 is open", "case-id", None),
        ("crime ref 14/12345/20", "case-id", None),
        ("CPOMS ref 45678", "case-id", None),
        # Where and how to reach
        ("lives in S70 2DR", "postcode", "S70 2DR"),
        ("s70 2dr", "postcode", "s70 2dr"),
        ("S702DR", "postcode", "S702DR"),
        ("GIR 0AA", "postcode", "GIR 0AA"),
        ("at 14 Acacia Avenue now", "address", "14 Acacia Avenue"),
        ("Flat 3, 22 High Street", "address", "Flat 3, 22 High Street"),
        ("she lives on Park Road", "address", "Park Road"),
        ("Rose Cottage, Mill Lane", "address", "Rose Cottage"),
        ("mum is on 07700 900123", "phone", "07700 900123"),
        ("+44 (0)7700 900123", "phone", "+44 (0)7700 900123"),
        ("home 01632 960123", "phone", "01632 960123"),
        ("write to jane.doe@example.com", "email", "jane.doe@example.com"),
        ("k.smith at gmail.com", "email", "k.smith at gmail.com"),
    ],
)
def test_each_kind_is_found_where_it_stands(barnsley, text, kind, part):
    found = kinds(barnsley.guard, text)
    assert {name for name, _ in found} == {kind}
    if part is not None:
        assert found == [(kind, part)]


@pytest.mark.parametrize(
    "text",
    [
        # Dates and numbers that are nobody's
        "the meeting on 12/03/2015",
        "review on 3 May 2027",
        "section 17 or section 47",
        "S17, s47, CP4, Y6, KS2",
        "Children Act 1989, Working Together 2026",
        "within 3 working days, 72 hours, 28 days",
        "2 kids in the park",
        "4 children on the roll",
        "case 12 in the training pack",
        "PO number 9993288241",
        "invoice 9993288241",
        "the 2024-05-12 minutes",
        "999, 101, 111, 112",
        "0800 123 4567",
        # Mailboxes of roles
        "safeguardingunit@barnsley.gov.uk",
        "safeguarding@anyschool.sch.uk",
        "mash@council.gov.uk",
        # Laws, reviews and tools named after people
        "Gillick competence and Fraser guidelines",
        "is Victoria Climbié's case still taught",
        "Sarah's Law",
        "the Laming report",
        "Barnsley Hospital",
        "St Mary's Primary School",
        # Names that are words
        "mark the homework",
        "will they tell us",
        "I hope you are well",
        "may I ask in may",
        "summer holidays, autumn term",
        "his faith group",
        "a rose bush",
    ],
)
def test_what_identifies_nobody_passes(barnsley, text):
    assert kinds(barnsley.guard, text) == []


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_for_a_person_and_a_mask(kind):
    text = "before SECRET after"
    found = [Found(7, 13, kind)]
    assert mask(text, found) == f"before [{kind.value}] after"
    assert f"seems to hold {kind.label}." in identifiers(found)


def test_several_kinds_are_told_once_each():
    found = [Found(0, 1, Kind.NAME), Found(2, 3, Kind.NAME), Found(4, 5, Kind.DOB), Found(6, 7, Kind.POSTCODE)]
    assert "a person's name, a date of birth and a postcode." in identifiers(found)
    assert "a person's name and a date of birth." in identifiers(found[:3])


def test_mask_takes_what_was_found_in_any_order_and_nothing_where_nothing_was():
    text = "Ann met Bob"
    found = [Found(8, 11, Kind.NAME), Found(0, 3, Kind.NAME)]
    assert mask(text, found) == "[name] met [name]"
    assert mask(text, []) == text
    assert mask("", []) == ""


def test_neighbouring_names_are_one_and_the_longer_of_two_that_overlap_is_kept():
    assert kinds(BARE, "Callum James Smith") == [("name", "Callum James Smith")]
    assert kinds(BARE, "dob 12/03/2015, 07700 900123") == [("dob", "12/03/2015"), ("phone", "07700 900123")]
    assert kinds(BARE, "callum.doe@example.com") == [("email", "callum.doe@example.com")]


@pytest.mark.parametrize("person", ["jane.smith", "chris.jones", "k.whitehead", "judith.white", "d.whitty"])
def test_a_persons_mailbox_is_found_though_a_role_is_spelled_within_the_name(person):
    address = f"{person}@example.com"
    assert kinds(BARE, f"write to {address} today") == [("email", address)]


@pytest.mark.parametrize("role", ["it", "hr", "head", "info", "hr.team", "school-office", "office2", "duty.team"])
def test_the_mailbox_of_a_role_passes(role):
    assert kinds(BARE, f"write to {role}@example.com today") == []


# NHS numbers


@given(st.text("0123456789", min_size=9, max_size=9))
@settings(max_examples=200, deadline=None)
def test_at_most_one_check_digit_is_right(nine):
    right = [digit for digit in range(10) if nhs_check_digit_is_right(f"{nine}{digit}")]
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    expected = (11 - total % 11) % 11
    one_digit_only = len(set(nine)) == 1 and nine[0] == str(expected)
    assert right == ([] if expected == 10 or one_digit_only else [expected])


@pytest.mark.parametrize("number", ["999 328 8241", "999-328-8241", "9993288241", "999.328.8241", "999  328  8241"])
def test_a_number_with_the_right_check_digit_is_found_by_itself_and_with_a_wrong_one_only_when_it_is_named(number):
    wrong = number[:-1] + "2"
    assert kinds(BARE, f"seen today {number} ok") == [("nhs-number", number)]
    assert kinds(BARE, f"seen today {wrong} ok") == []
    assert kinds(BARE, f"NHS number {wrong}") == [("nhs-number", wrong)]
    assert kinds(BARE, f"NHS: {wrong}") == [("nhs-number", wrong)]


def test_nine_or_eleven_digits_are_no_nhs_number():
    assert not nhs_check_digit_is_right("999328824")
    assert nhs_check_digit_is_right("9993288241")
    assert not nhs_check_digit_is_right("99932882411")
    assert kinds(BARE, "item 999328824") == []
    assert kinds(BARE, "item 99932882411") == []


# Service numbers


def written_ways(number):
    """A national number (without 0 or +44) as people write it, with `0`, `+44` or `0044` before it."""
    area, rest = number[:4], number[4:]
    return st.one_of(
        st.builds(
            lambda prefix, gaps: prefix + "".join(f"{digit}{gap}" for digit, gap in zip(number, gaps, strict=True)),
            st.sampled_from(["0", "0 ", "+44", "+44 ", "+44(0)", "+44 (0)", "+44 (0) ", "0044", "0044 "]),
            st.lists(st.sampled_from(["", "", "", " ", "-", "."]), min_size=len(number), max_size=len(number)),
        ),
        st.sampled_from([f"(0{area}) {rest}", f"0{area}/{rest}", f"+44-{area}-{rest}", f"0{area}  {rest}"]),
    ).map(lambda written: written.rstrip(" .-"))


def service_numbers():
    knowledge = load([ROOT / "knowledge" / "england", ROOT / "knowledge" / "barnsley"])
    dials = [number.dial for contact in knowledge.contacts.values() for number in contact.numbers]
    return sorted({dial.removeprefix("+44") for dial in dials if dial.startswith("+44")})


service = st.deferred(lambda: st.sampled_from(service_numbers()))


@given(service.flatmap(written_ways), st.sampled_from(["ring ", "", "tel: ", "the EDT, "]))
@settings(max_examples=300, deadline=None)
def test_the_number_of_a_service_passes_in_any_spacing(find, written, before):
    assert find(f"{before}{written} about it") == []


def test_every_service_number_passes_as_contacts_yaml_shows_and_dials_it(barnsley):
    for contact in barnsley.knowledge.contacts.values():
        for number in contact.numbers:
            assert kinds(barnsley.guard, f"ring {number.display} now") == [], contact.id
            assert kinds(barnsley.guard, f"ring {number.dial} now") == [], contact.id


@given(written_ways("7700900123"))
@settings(max_examples=200, deadline=None)
def test_a_mobile_is_found_in_any_spacing(find, written):
    found = find(f"her mum is on {written} today")
    assert any("900123" in re.sub(r"\D", "", part) for _, part in found), found


def test_a_number_is_a_services_only_in_the_partnership_that_lists_it(barnsley):
    text = "ring 01226 787789"
    assert kinds(barnsley.guard, text) == []
    assert kinds(BARE, text) == [("phone", "01226 787789")]
    assert kinds(barnsley.guard, "ring 01226 787788") == [("phone", "01226 787788")]


@pytest.mark.parametrize(
    ("number", "personal"),
    [
        ("07700 900123", True),
        ("01632 960123", True),
        ("020 7946 0123", True),
        ("0300 123 4567", False),
        ("0800 123 456", False),
        ("0900 123 4567", False),
        ("01632 9601", False),
        ("01632 9601234", False),
    ],
)
def test_mobiles_and_landlines_may_be_a_persons_and_other_numbers_may_not(number, personal):
    assert is_personal(number, frozenset()) is personal
    assert is_personal(number, frozenset({national(number)})) is False


def test_the_mailbox_of_a_contact_passes_and_a_persons_at_the_same_place_does_not(smalltown):
    path = smalltown / "contacts.yaml"
    path.write_text(
        path.read_text("utf-8").replace("    hours: {mon", "    email: jo@smalltown.example\n    hours: {mon", 1),
        encoding="utf-8",
    )
    guard = Guard.for_knowledge(load([smalltown]))
    assert kinds(guard, "write to JO@smalltown.example") == []
    assert kinds(guard, "write to flo@smalltown.example") == [("email", "flo@smalltown.example")]


def test_a_word_of_the_guidance_is_no_name_in_lower_case_and_a_word_that_it_lacks_is(smalltown):
    text = "kayleigh hits"
    assert kinds(Guard.for_knowledge(load([smalltown])), text) == [("name", "kayleigh")]
    path = smalltown / "safer-sleep.yaml"
    path.write_text(path.read_text("utf-8").replace("in a clear cot", "in a kayleigh cot"), encoding="utf-8")
    assert kinds(Guard.for_knowledge(load([smalltown])), text) == []
    assert kinds(Guard.for_knowledge(load([smalltown])), "Kayleigh hits") == [("name", "Kayleigh")]


@pytest.mark.parametrize("reference", ["ESC-2026-0007", "MASH-2026-0042", "QR-2026-12345", "esc-2026-0007"])
def test_the_bots_own_references_pass(reference):
    assert Guard().find(f"what became of {reference}, please") == []


@pytest.mark.parametrize("reference", ["ESC-1999-0007", "ABC-2026-0007", "case ESC/2026/00071234567"])
def test_references_of_others_do_not_pass(reference):
    assert [found.kind for found in Guard().find(f"what became of {reference}, please")] == [Kind.CASE_ID]
