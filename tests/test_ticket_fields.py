"""What is filled in: each kind of field on both sides of its limits, and no identifier in any text of any form."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ticketing import OUTCOME, RAISED, town

from bot.access import Person, Viewer
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.policy import Option
from bot.privacy import Guard
from bot.tickets.escalations.clock import EscalationClock
from bot.tickets.escalations.moves import MOVES
from bot.tickets.escalations.notices import Speaking
from bot.tickets.escalations.quick import NOT_RAISED, QuickForm, QuickKind, is_not_settled
from bot.tickets.escalations.raising import DONE, Door, RaiseForm, is_allowed_for_somebody, needs_card
from bot.tickets.escalations.state import Escalation, Stand
from bot.tickets.feedback.asking import AskForm
from bot.tickets.feedback.moves import MOVES as FEEDBACK_MOVES
from bot.tickets.fields import BETWEEN, LONGEST, Field, FieldKind, InvalidForm, read
from bot.tickets.ticket import Kind

ENGLAND = ROOT / "knowledge" / "england"
NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)  # 13:00 in London
GUARD = Guard()
IDENTIFIERS = {
    "a name": "Her mother Samantha Whittaker was not asked.",
    "a date of birth": "The child, born on 14.03.2019, was not seen.",
    "a postcode": "The family lives in S70 2TA and was not seen.",
    "a telephone number": "Ring the mother on 07700 900123 instead.",
    "an e-mail address": "Write to sam.whittaker77@example.org instead.",
    "an NHS number": "NHS number 943 476 5919 was given.",
}
SECRETS = ("Samantha", "Whittaker", "14.03.2019", "S70", "2TA", "07700", "900123", "943", "5919")


def read_one(field, value, now=NOW):
    """What was read of one field; the problem where it cannot be."""
    try:
        filled = read([field], {field.name: value}, GUARD, now)
    except InvalidForm as error:
        (said,) = error.problems.values()
        return said
    return {**filled.data, **filled.typed}.get(field.name)


@pytest.fixture(scope="module")
def knowledge(lasting_smalltown, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fields") / "knowledge" / "smalltown"
    folder.mkdir(parents=True)
    for path in lasting_smalltown.glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    town(folder, ENGLAND)
    return load(layers_of(folder.parent, "smalltown"))


def raise_form(knowledge, agency="high-school", **more):
    return RaiseForm(knowledge.escalation, knowledge.partnership.agencies, agency, **more)


# One field at a time

TEXT = Field("why", "Why?")


@pytest.mark.parametrize("value", [None, "", " ", "\n\t "])
@pytest.mark.parametrize("kind", FieldKind)
def test_what_has_to_be_filled_in_says_so_and_what_may_stay_empty_is_left_out(kind, value):
    field = Field("x", "X", kind, options=(Option(id="a", label="A"),))
    said = read_one(field, value)
    expected = {
        FieldKind.TEXT: "Write something here, in a sentence or two.",
        FieldKind.REFERENCE: "Write something here, in a sentence or two.",
        FieldKind.DATE: "Say when it was.",
        FieldKind.MOMENT: "Say when it was.",
        FieldKind.TIME: "Say when it was.",
        FieldKind.PHONE: "Write a telephone number.",
        FieldKind.CHOICES: "Choose one or more.",
        FieldKind.CHOICE: "Choose one.",
        FieldKind.PERSON: "Choose one.",
    }
    assert said == expected[kind]
    assert read_one(replace(field, optional=True), value) is None


def test_a_text_is_kept_without_the_space_around_it():
    assert read_one(TEXT, "  They said no.\n") == "They said no."


def test_a_text_has_so_many_characters_at_most():
    fits = "no " * 333 + "."
    assert len(fits) == LONGEST
    assert read_one(TEXT, fits) == fits
    assert read_one(TEXT, f"  {fits}  ") == fits
    assert read_one(TEXT, f"{fits}.") == "Say it in 1,000 characters at most; this has 1,001."
    short = replace(TEXT, longest=120)
    assert read_one(short, "a" * 120) == "a" * 120
    assert read_one(short, "a" * 121) == "Say it in 120 characters at most; this has 121."


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("a", True),
        ("A1/b-2", True),
        ("a" * 20, True),
        ("a" * 21, False),
        ("two words", False),
        ("a_b", False),
        ("a.b", False),
        ("a@b", False),
        ("é", False),
        ("١٢٣", False),  # digits, but not ours
        ("a\nb", False),
        ("a\n", True),  # the space around it is taken off
        ("<script>", False),
    ],
)
def test_a_reference_has_letters_digits_slashes_and_hyphens_only(value, taken):
    field = Field("own_reference", "Reference", FieldKind.REFERENCE)
    said = read_one(field, value)
    assert (said == value.strip()) is taken
    assert taken or said == "A reference has 1 to 20 letters, digits, / or -, and no spaces."


@given(st.text(max_size=30))
def test_whatever_a_reference_is_taken_is_in_the_form_that_is_promised(value):
    field = Field("own_reference", "Reference", FieldKind.REFERENCE)
    said = read_one(field, value)
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-")
    trimmed = value.strip()
    if 1 <= len(trimmed) <= 20 and set(trimmed) <= allowed:
        assert said == trimmed
    else:
        assert said != trimmed or said is None


@pytest.mark.parametrize(("value", "taken"), [("a", True), ("b", True), ("c", False), ("A", False), ("a b", False)])
def test_a_choice_is_one_of_those_offered(value, taken):
    field = Field("x", "X", FieldKind.CHOICE, options=(Option(id="a", label="A"), Option(id="b", label="B")))
    assert read_one(field, value) == (value if taken else "Choose one of these.")


@pytest.mark.parametrize(
    ("value", "taken"),
    [("U0TALKER", True), ("a" * 60, True), ("a" * 61, False), ("U0 TALKER", False), ("<@U0TALKER>", False)],
)
def test_a_person_is_an_id_of_the_channel(value, taken):
    assert read_one(Field("x", "X", FieldKind.PERSON), value) == (value if taken else "Choose a person.")


HOW_A_DAY = "Write the day as 2026-11-27, and a time as 2026-11-27T14:30."
AHEAD, LONG_AGO = "That lies ahead. Say when it was.", "That is too long ago. Look at the year again."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-06-15", None),
        ("2026-06-14", None),
        ("2000-01-01", None),
        ("2026-06-16", AHEAD),
        ("9999-12-31", AHEAD),
        ("1999-12-31", LONG_AGO),
        ("0026-06-15", LONG_AGO),
        ("2026-06-31", HOW_A_DAY),
        ("20260615", HOW_A_DAY),
        ("2026-W25-1", HOW_A_DAY),
        ("15/06/2026", HOW_A_DAY),
        ("2026-06-15T12:00", HOW_A_DAY),
        ("yesterday", HOW_A_DAY),
        ("٢٠٢٦-٠٦-١٥", HOW_A_DAY),
    ],
)
def test_a_day_is_one_that_was(value, said):
    assert read_one(Field("since", "Since", FieldKind.DATE), value) == (said or value)


def test_today_is_londons():
    field = Field("since", "Since", FieldKind.DATE)
    just_before_midnight = datetime(2026, 6, 15, 22, 59, tzinfo=UTC)
    midnight = datetime(2026, 6, 15, 23, 0, tzinfo=UTC)
    assert read_one(field, "2026-06-16", just_before_midnight) == AHEAD
    assert read_one(field, "2026-06-16", midnight) == "2026-06-16"
    assert read_one(field, "2026-11-17", datetime(2026, 11, 16, 23, 59, tzinfo=UTC)) == AHEAD


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("2026-06-15T12:00:00+00:00", "2026-06-15T12:00:00+00:00"),
        ("2026-06-15T12:02:00+00:00", "2026-06-15T12:02:00+00:00"),  # clocks differ
        ("2026-06-15T12:02:01+00:00", AHEAD),
        ("2026-06-15T13:00+01:00", "2026-06-15T13:00:00+01:00"),
        ("2026-06-15T13:00", "2026-06-15T13:00:00+01:00"),  # London's
        ("2026-06-15T13:03", AHEAD),
        ("2026-01-15T13:00", "2026-01-15T13:00:00+00:00"),
        ("2000-01-01T00:00:00+00:00", "2000-01-01T00:00:00+00:00"),
        ("1999-12-31T23:59:59+00:00", LONG_AGO),
        ("0001-01-01T00:00:00+14:00", LONG_AGO),
        ("2026-06-15T25:00", HOW_A_DAY),
        ("noon", HOW_A_DAY),
    ],
)
def test_a_moment_is_one_that_was_and_keeps_its_zone(value, read_as):
    assert read_one(Field("on", "When?", FieldKind.MOMENT), value) == read_as


def test_every_problem_is_said_at_once_and_nothing_of_what_was_right():
    fields = (TEXT, Field("since", "Since", FieldKind.DATE), Field("note", "Note"), Field("x", "X", optional=True))
    with pytest.raises(InvalidForm) as error:
        read(fields, {"why": "", "since": "soon", "note": "A secret that is right."}, GUARD, NOW)
    assert set(error.value.problems) == {"why", "since"}
    assert "secret" not in str(error.value)


def test_what_was_not_asked_is_not_read():
    filled = read([TEXT], {"why": "No.", "raiser": "somebody", "last": "1"}, GUARD, NOW)
    assert (filled.data, filled.typed) == ({}, {"why": "No."})


def test_choices_are_kept_apart_from_what_was_typed():
    fields = (
        TEXT,
        Field("c", "C", FieldKind.CHOICE, options=(Option(id="a", label="A"),)),
        Field("r", "R", FieldKind.REFERENCE),
        Field("d", "D", FieldKind.DATE),
        Field("p", "P", FieldKind.PERSON),
    )
    values = {"why": "No.", "c": "a", "r": "AB/1", "d": "2026-06-01", "p": "U0TALKER"}
    filled = read(fields, values, GUARD, NOW)
    assert filled.typed == {"why": "No.", "r": "AB/1"}
    assert filled.data == {"c": "a", "d": "2026-06-01", "p": "U0TALKER"}


# Identifiers, in every text of every form


def told(knowledge):
    """An escalation of which the other agency was told."""
    state = Escalation(
        reference="ESC-2026-0001",
        opened_at=NOW,
        raiser="anna",
        raising="high-school",
        receiving="social-care",
        reason="roles",
        child_safe="yes",
        policy="v",
        stage="stage-1",
        stand=Stand.TOLD,
    )
    policy, partnership = knowledge.escalation, knowledge.partnership
    clock = EscalationClock(policy, time_zone=partnership.time_zone, region=partnership.bank_holidays)
    return Speaking(state, policy, clock, partnership)


def every_form(knowledge):
    """Every form that there is: its name, and its fields."""
    agencies = knowledge.partnership.agencies
    for name, form in {
        "raise": raise_form(knowledge),
        "raise, agency unknown": raise_form(knowledge, None),
        "raise, not safe": raise_form(knowledge, not_safe=True),
        "raise, for somebody": raise_form(knowledge, None, for_somebody=True),
    }.items():
        yield name, form.fields()
    for kind in QuickKind:
        yield kind.value, QuickForm(kind, knowledge.escalation, agencies).fields("2026-06-15")
    for kind, move in MOVES.items():
        yield kind.value, move.asks(told(knowledge))
    for agency in (None, "school"):
        yield f"ask, as {agency}", AskForm(knowledge.feedback, None, agencies, agency).fields()
    for kind, move in FEEDBACK_MOVES.items():
        yield f"feedback: {kind.value}", move.asks(SimpleNamespace(policy=knowledge.feedback))


def something(field):
    """What may stand in a field."""
    match field.kind:
        case FieldKind.TEXT:
            return "The situation as it is."
        case FieldKind.CHOICE:
            return field.options[0].id
        case FieldKind.DATE:
            return "2026-06-01"
        case FieldKind.MOMENT:
            return "2026-06-01T12:00"
        case FieldKind.REFERENCE:
            return "AB/12-34"
        case FieldKind.PERSON:
            return "U0TALKER"
        case FieldKind.TIME:
            return "16:50"
        case FieldKind.PHONE:
            return "01632 960123 ext 4"
        case FieldKind.CHOICES:
            return BETWEEN.join(option.id for option in field.options)


def test_every_form_can_be_filled_in(knowledge):
    for name, fields in every_form(knowledge):
        values = {field.name: something(field) for field in fields}
        filled = read(fields, values, GUARD, NOW)
        assert {**filled.data, **filled.typed}.keys() == values.keys(), name


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_no_text_of_any_form_takes_what_identifies_somebody_nor_repeats_it(knowledge, kind, caplog):
    texts = 0
    for name, fields in every_form(knowledge):
        whole = {field.name: something(field) for field in fields}
        for field in fields:
            if field.kind is FieldKind.TEXT:
                texts += 1
                with pytest.raises(InvalidForm) as error:
                    read(fields, {**whole, field.name: IDENTIFIERS[kind]}, GUARD, NOW)
                assert list(error.value.problems) == [field.name], name
                said = repr(error.value) + str(error.value) + repr(error.value.__context__)
                assert not [secret for secret in SECRETS if secret in said], name
    assert texts > 25
    assert not [secret for secret in SECRETS if secret in caplog.text]


def test_what_identifies_somebody_stands_in_no_other_field_either(knowledge):
    for name, fields in every_form(knowledge):
        whole = {field.name: something(field) for field in fields}
        for field in fields:
            if field.kind is not FieldKind.TEXT:
                for text in IDENTIFIERS.values():
                    with pytest.raises(InvalidForm) as error:
                        read(fields, {**whole, field.name: text}, GUARD, NOW)
                    said = str(error.value)
                    assert not [secret for secret in SECRETS if secret in said], name


# Raising


def fields_of(form):
    return [field.name for field in form.required()]


def refused(form, **changes):
    """Which fields are at fault."""
    with pytest.raises(InvalidForm) as error:
        form.read({**RAISED, **changes}, GUARD, NOW)
    return set(error.value.problems)


def test_five_fields_have_to_be_filled_in_and_the_agency_where_it_is_not_known(knowledge):
    five = ["receiving", "reason", "disagree", "want", "child_safe"]
    assert fields_of(raise_form(knowledge)) == five
    assert fields_of(raise_form(knowledge, None)) == ["raising", *five]
    assert all(field.optional for field in raise_form(knowledge).further())
    assert refused(raise_form(knowledge, None)) == {"raising"}


@pytest.mark.parametrize("field", ["receiving", "reason", "disagree", "want", "child_safe"])
def test_each_of_the_five_is_needed(knowledge, field):
    assert refused(raise_form(knowledge), **{field: None}) == {field}


def test_ones_own_agency_is_neither_offered_nor_taken(knowledge):
    offered = {option.id for option in raise_form(knowledge).required()[0].options}
    assert offered == {"social-care", "gp"}
    assert refused(raise_form(knowledge), receiving="high-school") == {"receiving"}
    assert refused(raise_form(knowledge, None), raising="social-care") == {"receiving"}


def test_where_the_policy_has_disagreements_inside_one_agency_it_is_offered_and_taken(knowledge):
    form = raise_form(knowledge)
    form = replace(form, policy=form.policy.model_copy(update={"inside_one_agency": True}))
    assert "high-school" in {option.id for option in form.required()[0].options}
    assert form.read({**RAISED, "receiving": "high-school"}, GUARD, NOW).data["receiving"] == "high-school"


@pytest.mark.parametrize(
    ("reached", "changes", "at_fault"),
    [
        (None, {}, None),
        (None, {"stage": "stage-1"}, None),
        (None, {"stage": "stage-2"}, {"stage_why"}),
        (None, {"stage": "stage-2", "stage_why": " "}, {"stage_why"}),
        (None, {"stage": "stage-2", "stage_why": "A meeting is tomorrow."}, None),
        (None, {"stage": "stage-9", "stage_why": "A meeting is tomorrow."}, {"stage"}),
        ("stage-2", {"stage": "stage-2"}, None),  # reached by talking before
        ("stage-2", {"stage": "stage-1"}, None),
        ("stage-2", {"stage": "stage-4"}, {"stage_why"}),
        ("stage-1", {"stage": "stage-4"}, {"stage_why"}),
    ],
)
def test_a_stage_is_skipped_with_a_reason_only(knowledge, reached, changes, at_fault):
    form = raise_form(knowledge, stage=reached)
    if at_fault:
        assert refused(form, **changes) == at_fault
    else:
        form.read({**RAISED, **changes}, GUARD, NOW)


def test_where_the_child_is_not_safe_it_asks_what_was_done(knowledge):
    form = raise_form(knowledge)
    assert needs_card({**RAISED, "child_safe": "no"})
    assert not needs_card({**RAISED, "child_safe": "no", "done": "rang-999"})
    assert not needs_card(RAISED)
    assert not needs_card({**RAISED, "child_safe": "not-known"})
    assert refused(form, child_safe="no") == {"child_safe"}
    assert refused(form, child_safe="no", done="rang-999") == {"child_safe"}  # it was not asked on this form
    asking = replace(form, not_safe=True)
    assert fields_of(asking) == [*fields_of(form), "done"]
    assert refused(asking, child_safe="no") == {"done"}
    for choice in DONE:
        assert asking.read({**RAISED, "child_safe": "no", "done": choice.id}, GUARD, NOW).data["done"] == choice.id


def test_a_setting_is_one_of_the_agencys_own_and_is_kept_by_its_name(knowledge):
    assert "setting" not in [field.name for field in raise_form(knowledge).fields()]
    agencies = tuple(
        agency.model_copy(update={"settings": ("Hilltop Primary", "Lowfield Infants")})
        if agency.id == "high-school"
        else agency
        for agency in knowledge.partnership.agencies
    )
    form = replace(raise_form(knowledge), agencies=agencies)
    assert form.read({**RAISED, "setting": "1"}, GUARD, NOW).data["setting"] == "Lowfield Infants"
    assert "setting" not in form.read(RAISED, GUARD, NOW).data
    assert refused(form, setting="2") == {"setting"}
    assert refused(form, setting="Hilltop Primary") == {"setting"}
    assert "setting" not in [field.name for field in replace(form, agency="gp").fields()]


def test_one_that_is_recorded_for_somebody_says_whose_it_is_and_when_they_rang(knowledge):
    form = raise_form(knowledge, None, for_somebody=True)
    assert fields_of(form)[:4] == ["raising", "received_on", "heard_by", "from_whom"]
    rang = {"raising": "gp", "received_on": "2026-06-12", "heard_by": "phone", "from_whom": "A practice nurse"}
    filled = form.read({**RAISED, **rang}, GUARD, NOW)
    assert filled.data["received_on"] == "2026-06-12"
    assert filled.typed["from_whom"] == "A practice nurse"
    for name in rang:
        assert refused(form, **{**rang, name: None}) == {name}
    assert refused(form, **{**rang, "received_on": "2026-06-16"}) == {"received_on"}
    assert refused(form, **{**rang, "from_whom": "Samantha Whittaker"}) == {"from_whom"}


def test_managers_and_whoever_sits_at_the_machine_record_for_somebody_else():
    person = Person("anna", "slack")
    assert not is_allowed_for_somebody(Viewer(person, leads=frozenset({"gp"})))
    assert is_allowed_for_somebody(Viewer(person, manager=True))
    assert is_allowed_for_somebody(Viewer(person, operator=True))


def test_every_door_has_its_words():
    assert len({door.label for door in Door}) == len(Door)


# Short records

QUICK = {
    QuickKind.TALK: {
        "other": "social-care",
        "outcome": "decision-changed",
        "both_told": "yes",
        "text": "A visit this week.",
        "day": "2026-06-15",
    },
    QuickKind.CONSIDERED: {"other": "gp", "reason": "roles", "why_not": "explained"},
    QuickKind.WORKED_WELL: {"other": "gp", "text": "A call the same day."},
}


@pytest.mark.parametrize("kind", QuickKind)
def test_a_short_record_asks_a_few_things_each_of_which_is_needed(knowledge, kind):
    form = QuickForm(kind, knowledge.escalation, knowledge.partnership.agencies)
    assert len(form.fields("2026-06-15")) <= 5
    filled = form.read(QUICK[kind], GUARD, NOW)
    assert {**filled.data, **filled.typed} == QUICK[kind]
    for name in QUICK[kind]:
        with pytest.raises(InvalidForm) as error:
            form.read({**QUICK[kind], name: None}, GUARD, NOW)
        assert list(error.value.problems) == [name]


def test_a_talk_was_not_tomorrow_and_is_said_in_a_sentence(knowledge):
    form = QuickForm(QuickKind.TALK, knowledge.escalation, knowledge.partnership.agencies)
    for changes in ({"day": "2026-06-16"}, {"text": "a" * 301}, {"outcome": "won"}, {"other": "nobody"}):
        with pytest.raises(InvalidForm) as error:
            form.read({**QUICK[QuickKind.TALK], **changes}, GUARD, NOW)
        assert set(error.value.problems) == set(changes)
    assert form.read({**QUICK[QuickKind.TALK], "text": "a" * 300}, GUARD, NOW)


def test_only_a_talk_that_settled_nothing_opens_an_escalation(knowledge):
    for kind in QuickKind:
        form = QuickForm(kind, knowledge.escalation, knowledge.partnership.agencies)
        assert not is_not_settled(kind, form.read(QUICK[kind], GUARD, NOW))
    talk = QuickForm(QuickKind.TALK, knowledge.escalation, knowledge.partnership.agencies)
    unsettled = talk.read({**QUICK[QuickKind.TALK], "outcome": "not-settled"}, GUARD, NOW)
    assert is_not_settled(QuickKind.TALK, unsettled)


def test_closing_asks_from_closed_lists(knowledge):
    for kind in (Kind.PROPOSED, Kind.DECIDED):
        fields = MOVES[kind].asks(told(knowledge))
        assert {field.name for field in fields if not field.optional} == set(OUTCOME)
        assert {field.name for field in fields if field.kind is FieldKind.CHOICE} == {
            "outcome", "change", "child_safe", "voice",
        }  # fmt: skip
    assert len({option.id for option in NOT_RAISED}) == len(NOT_RAISED)


# A time, a telephone number, several choices


@pytest.mark.parametrize("value", ["9:30", "24:00", "16.50", "noon", "16:50:00", "１６:50"])
def test_a_time_is_written_with_two_digits_each(value):
    field = Field("x", "X", FieldKind.TIME)
    assert read_one(field, value) == "Write the time as 14:30."
    assert read_one(field, "16:50") == "16:50"


@pytest.mark.parametrize("value", ["01632 960123", "+44 1632 960123", "(01632) 960123 ext 4", "01632-960123 x12"])
def test_a_work_telephone_is_taken_as_people_write_it(value):
    assert read_one(Field("x", "X", FieldKind.PHONE), value) == value


@pytest.mark.parametrize("value", ["ring me", "1234", "anna 01632 960123", "01632 960123 today", "=1+1", "٠١٢٣٤٥"])
def test_nothing_else_stands_in_the_field_of_a_telephone(value):
    said = read_one(Field("x", "X", FieldKind.PHONE), value)
    assert said == "Write a telephone number, such as 01632 960000 or 01632 960000 ext 12."


def test_of_several_choices_each_is_one_of_the_list():
    field = Field("x", "X", FieldKind.CHOICES, options=(Option(id="a", label="A"), Option(id="b", label="B")))
    assert read_one(field, "a,b") == "a,b"
    for value in ("a,c", "a,,b", "A", "a, b"):
        assert read_one(field, value) == "Choose among these."
