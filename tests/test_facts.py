"""Every number, date, law and address of an entry stands in the fact sheet, under that entry's own id."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from facts import BARNET, FACTS, extract, permits, tokens, unfounded

from bot.config import ROOT
from bot.knowledge.loading import BASE_LAYER, examine, layers_of
from bot.knowledge.model import Entry, KnowledgeBase

SHIPPED = ROOT / "knowledge"
LISTS = {full_id: frozenset(found) for full_id, found in json.loads(FACTS.read_text("utf-8")).items()}
LAYERS = [name for name in (BASE_LAYER, "barnsley", BARNET) if (SHIPPED / name).is_dir()]

SHEET_ID_OF_CONTACT = {
    "emergency-999": "contacts.emergency-999",
    "police-101": "contacts.police-non-emergency",
    "police-local": "contacts.police-non-emergency",
    "front-door": "contacts.front-door",
    "emergency-duty-team": "contacts.emergency-duty-team",
    "lado": "contacts.lado",
    "safeguarding-unit": "contacts.safeguarding-unit",
    "private-fostering": "private-fostering.how-to-report",
    "ofsted": "contacts.ofsted",
    "nspcc": "contacts.nspcc-childline",
    "childline": "contacts.nspcc-childline",
    "nspcc-whistleblowing": "contacts.nspcc-childline",
}
"""Any other contact of England or Barnsley is one of the sheet's specialist lines."""


def knowledge_of(layer: str) -> KnowledgeBase:
    return examine([SHIPPED / layer] if layer == BASE_LAYER else layers_of(SHIPPED, layer)).knowledge


def shown(entry: Entry) -> Iterator[tuple[str, str]]:
    """Each part of an entry that people read, by the name of its field."""
    yield "title", entry.title
    yield "answer", entry.answer
    for name, rules in (("must", entry.must), ("should", entry.should)):
        for n, rule in enumerate(rules, 1):
            yield f"{name} {n}", rule.text
            yield f"{name} {n} basis", rule.basis or ""
    for n, step in enumerate(entry.steps, 1):
        yield f"step {n}", step
    for kind, line in entry.for_agency.items():
        yield f"for {kind}", line
    yield "confirm_locally", entry.confirm_locally or ""
    for n, source in enumerate(entry.sources, 1):
        yield f"source {n} title", source.title
        edition = "Working Together " if "Working Together" in source.title else ""
        yield f"source {n} date", f"{edition}{source.date or ''}"
        yield f"source {n} url", source.url or ""


def allowed_in(entry: Entry, layer: str) -> frozenset[str]:
    if entry.full_id not in LISTS:
        return frozenset({f"date:{entry.compiled}"})
    return LISTS[entry.full_id] | (LISTS[BARNET] if layer == BARNET else frozenset())


def faults_of(entry: Entry, allowed: frozenset[str]) -> list[str]:
    return [
        f"{entry.full_id} | {field} | {token}"
        for field, text in shown(entry)
        for token in sorted(unfounded(text, allowed))
    ]


@pytest.fixture(scope="module")
def england():
    return knowledge_of(BASE_LAYER)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_fact_of_every_entry_is_one_that_the_sheet_gives_for_it(layer):
    found = [
        line for entry in knowledge_of(layer).entries.values() for line in faults_of(entry, allowed_in(entry, layer))
    ]

    assert not found, f"{len(found)} not in the sheet (id | field | token):\n" + "\n".join(found)


def test_there_is_a_list_for_each_of_the_sheets_ids_and_one_for_barnet():
    assert len(LISTS.keys() - {BARNET}) == 97


@pytest.mark.parametrize("layer", LAYERS)
def test_an_entry_that_the_sheet_does_not_know_is_a_signpost(layer):
    assert [
        e.full_id for e in knowledge_of(layer).entries.values() if e.full_id not in LISTS and not e.signpost
    ] == []


def test_a_signpost_may_say_when_it_was_compiled_and_nothing_else_that_is_a_fact(england):
    entry = replace(
        next(iter(england.entries.values())),
        id="somewhere-else",
        must=(),
        should=(),
        steps=(),
        for_agency={},
        sources=(),
    )
    said = replace(
        entry, title="Elsewhere", confirm_locally=None, answer=f"Compiled {entry.compiled}. Ring 999 or 101."
    )

    assert faults_of(said, allowed_in(said, BASE_LAYER)) == []
    assert faults_of(replace(said, answer="Within 3 days."), allowed_in(said, BASE_LAYER)) == [
        f"{said.full_id} | answer | duration:3 day"
    ]


# What the lists catch


@pytest.mark.parametrize(
    ("full_id", "right", "wrong"),
    [
        (
            "mash.decision-timescale",
            "It should finish within **45 working days**.",
            "It should finish within 54 working days.",
        ),
        (
            "mash.decision-timescale",
            "It should finish within forty-five working days.",
            "It should finish within 45 days.",
        ),
        ("mash.decision-timescale", "Within one working day.", "Within two hours."),
        ("private-fostering.definition", "under 16 (under 18 if disabled)", "under 17"),
        ("private-fostering.definition", "28 days or more", "twenty-seven days or more"),
        (
            "private-fostering.council-duties",
            "every six weeks, later every 12 weeks",
            "every six weeks, later every 12 months",
        ),
        ("icon.male-carers", "about 70%", "about 75 per cent"),
        ("safer-sleep.temperature", "16 to 20°C", "16 to 22°C"),
        ("safer-sleep.bed-sharing", "2.5 kg (5½ lb)", "2.6 kg"),
        ("thresholds.section-47", "Children Act 1989, section 47(9)", "Children Act 1989, section 46"),
        ("thresholds.section-17", "Children Act 1989, section 17(10)", "Children Act 2004, section 17(10)"),
        ("domestic-abuse.operation-encompass", "guidance of 7 November 2025", "guidance of 8 November 2025"),
        ("contacts.front-door", "01226 772423", "01226 772432"),
        ("contacts.safeguarding-unit", "safeguardingunit@barnsley.gov.uk", "safeguarding@barnsley.gov.uk"),
        ("contacts.front-door", "before 5pm", "before 5.30pm"),
        ("contacts.lado", "Ring 999 in danger.", "Ring 111 in danger."),
    ],
)
def test_a_wrong_number_in_the_right_sentence_is_caught(full_id, right, wrong):
    assert unfounded(right, LISTS[full_id]) == set()
    assert unfounded(wrong, LISTS[full_id]) != set()


def test_the_number_of_a_section_is_no_number_for_any_other_purpose():
    allowed = LISTS["thresholds.section-47"]

    assert all(permits(allowed, token) for token in tokens("section 47(1), s.47 or s47"))
    assert not permits(allowed, *tokens("47 children"))
    assert not permits(allowed, *tokens("regulation 47"))
    assert not permits(frozenset(tokens("47 children")), *tokens("section 47"))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mash.decision-timescale", "mash.make-a-referral"),
        ("private-fostering.council-duties", "private-fostering.notification"),
        ("safer-sleep.temperature", "safer-sleep.sofa"),
        ("icon.message", "icon.coping-plan"),
        ("thresholds.section-47", "thresholds.section-17"),
    ],
)
def test_an_answer_that_moved_to_another_entry_is_caught(england, source, target):
    answer = england.entries[source].answer

    assert unfounded(answer, LISTS[source]) == set()
    assert any(
        " | answer | " in line for line in faults_of(replace(england.entries[target], answer=answer), LISTS[target])
    )


@pytest.mark.parametrize(
    ("token", "allowed"),
    [
        ("date:2022", {"date:2022-07-18"}),
        ("date:2022-07", {"date:2022-07-18"}),
        ("date:--07-18", {"date:2022-07-18"}),
        ("date:1989", {"law:children act 1989"}),
        ("law:s47", {"law:s47(1)(b)"}),
        ("law:s47(1)", {"law:s47(1)(b)"}),
        ("law:act 2026", {"law:crime and policing act 2026"}),
        ("law:regulations 2005", {"law:children (private arrangements for fostering) regulations 2005"}),
        ("url:www.barnsley.gov.uk", {"url:www.barnsley.gov.uk/private-fostering"}),
        ("phone:999", set()),
        ("phone:101", set()),
    ],
)
def test_what_says_less_than_a_fact_is_allowed_and_never_what_says_more(token, allowed):
    assert permits(allowed, token)
    assert not any(permits({token}, fact) for fact in allowed)


@pytest.mark.parametrize(
    ("token", "allowed"),
    [
        ("law:s4", "law:s47"),
        ("date:2022-1", "date:2022-12"),
        ("date:2022-07", "date:2022"),
        ("law:children act 2004", "law:children act 1989"),
        ("law:children act 1989", "law:protection of children act 1989"),
        ("url:www.barnsley.gov.uk/private", "url:www.barnsley.gov.uk/private-fostering"),
        ("number:47", "law:s47"),
        ("duration:45 day", "duration:45 working day"),
    ],
)
def test_what_only_begins_alike_is_another_fact(token, allowed):
    assert not permits({allowed}, token)


def test_an_edition_of_working_together_may_be_cited_anywhere_and_its_year_is_no_year_for_anything_else():
    cited = "Working Together to Safeguard Children (2026 edition; 2023 and 2018 before it)"

    assert unfounded(f"{cited}. Check against the 2026 edition.", frozenset()) == set()
    assert unfounded(f"{cited}. In 2023 partners had to chase.", frozenset()) == {"date:2023"}
    assert unfounded("Working Together, 2015 edition", frozenset()) == {"date:2015"}


def test_numbers_that_the_sheet_says_not_to_show_are_in_no_list():
    withheld = {"phone:01226772400", "phone:08000345340", "email:earlyhelp@barnsley.gov.uk"}

    assert {full_id: found & withheld for full_id, found in LISTS.items() if found & withheld} == {}


# Contacts


@pytest.mark.parametrize("layer", LAYERS)
def test_every_fact_of_every_contact_is_one_that_the_sheet_gives_for_it(layer):
    path = SHIPPED / layer / "contacts.yaml"
    contacts = yaml.safe_load(path.read_text("utf-8"))["contacts"] if path.is_file() else []
    found = [
        f"{contact['id']} | {field} | {token}"
        for contact in contacts
        for field, text in _shown_of_contact(contact)
        for token in sorted(unfounded(text, _allowed_for_contact(contact["id"], layer)))
    ]

    assert not found, "not in the sheet (contact | field | token):\n" + "\n".join(found)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_number_is_dialled_as_it_is_printed(layer):
    numbers = [number for contact in knowledge_of(layer).contacts.values() for number in contact.numbers]

    assert [n.display for n in numbers if tokens(n.display) != tokens(n.dial)] == []


def _allowed_for_contact(contact_id: str, layer: str) -> frozenset[str]:
    return LISTS[BARNET if layer == BARNET else SHEET_ID_OF_CONTACT.get(contact_id, "contacts.specialist-lines")]


def _shown_of_contact(contact: dict) -> Iterator[tuple[str, str]]:
    for name in ("name", "email", "web", "note"):
        yield name, contact.get(name) or ""
    for number in contact.get("numbers") or []:
        yield "display", number["display"]
        yield "dial", number["dial"]
    hours = contact.get("hours")
    for days, span in hours.items() if isinstance(hours, dict) else ():
        yield f"hours {days}", span.replace("-", " to ") if days != "when_closed" else ""
    for name, value in (contact.get("source") or {}).items():
        yield f"source {name}", str(value)


# How facts are found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ring 01226 772423.", {"phone:01226772423"}),
        ("(01142) 202020, (0114) 2202020, +441142202020, 0114 220 2020", {"phone:01142202020"}),
        ("020 7008 0151 or 0800 5999 247", {"phone:02070080151", "phone:08005999247"}),
        ("Childline: 0800 1111, 24 hours", {"phone:08001111", "duration:24 hour"}),
        ("+448001111", {"phone:08001111"}),
        ("In danger ring **999**, otherwise 101.", {"phone:999", "phone:101"}),
        ("Write to Team@Barnsley.gov.uk.", {"email:team@barnsley.gov.uk"}),
        ("See https://www.Barnsley.gov.uk/page-2/ (2024).", {"url:www.barnsley.gov.uk/page-2", "date:2024"}),
        ("the address www.barnsley.gov.uk/private-fostering", {"url:www.barnsley.gov.uk/private-fostering"}),
        (
            "one working day, five working days, 45 days",
            {f"duration:{n}" for n in ("1 working day", "5 working day", "45 day")},
        ),
        ("a further **1 working day**, one more working day", {"duration:1 working day"}),
        ("six weeks' notice; a six-to-eight-week check", {"duration:6 week", "duration:8 week"}),
        (
            "four to five months, or half a working day",
            {"duration:4 month", "duration:5 month", "duration:0.5 working day"},
        ),
        ("a working week or less", {"duration:1 working week"}),
        ("forty-five minutes, 15-45 minutes", {"duration:45 minute", "duration:15 minute"}),
        ("a 24-hour line; two fortnights", {"duration:24 hour", "duration:4 week"}),
        (
            "24hrs, a six-weekly visit, two and a half hours",
            {"duration:24 hour", "duration:6 week", "duration:2.5 hour"},
        ),
        ("half a day, half term, half-blood", {"duration:0.5 day"}),
        ("a 16- or 17-year-old", {"number:16", "number:17"}),
        ("under-18s, aged 16 to 18, ages 0–19", {"number:18", "number:16", "number:0", "number:19"}),
        ("2,890 children, 2.5 kg, 5½ lb", {"number:2890", "number:2.5", "number:5.5"}),
        ("70% or seventy per cent; up to fifty times", {"percent:70", "number:50"}),
        ("five levels, one plan", set()),
        ("GCP2, the Graded Care Profile 2", {"number:gcp2"}),
        (
            "stages 1 to 3; Levels 2 and 4",
            {f"number:{n}" for n in ("stage 1", "stage 2", "stage 3", "level 2", "level 4")},
        ),
        ("18 July 2022; 2022-07-18; 18th July, 2022; July 18, 2022", {"date:2022-07-18"}),
        ("July 2022, 2022-07, autumn 2023", {"date:2022-07", "date:2023"}),
        (
            "2019-20, 2013–15, 2022/23, 2014 to 2015",
            {f"date:{y}" for y in (2019, 2020, 2013, 2015, 2022, 2023, 2014)},
        ),
        ("23–27 May 2022", {"date:2022-05-23", "date:2022-05-27"}),
        ("12 Feb – 22 Apr 2026", {"date:2026-02-12", "date:2026-04-22"}),
        (
            "Feb–Apr 2026; January 2018 and December 2020",
            {f"date:{d}" for d in ("2026-02", "2026-04", "2018-01", "2020-12")},
        ),
        ("Wed 8 Nov (that weekday fits 2023)", {"date:2023-11-08"}),
        ("9am–5.15pm", {"time:09:00", "time:17:15"}),
        ("9:00 to 17:00, 5 p.m., 12am", {"time:09:00", "time:17:00", "time:00:00"}),
        (
            "Children Act 1989 s.47; the Children Act 2004, section 11",
            {"law:children act 1989", "law:s47", "law:children act 2004", "law:s11"},
        ),
        ("ss.16E–16G", {"law:s16e", "law:s16f", "law:s16g"}),
        ("section 47(1)(a), sections 10 and 11, ss.17 & 31", {f"law:s{n}" for n in ("47(1)(a)", 10, 11, 17, 31)}),
        ("ss.31(9)–(10), 47(1), 47(9).", {"law:s31(9)", "law:s31(10)", "law:s47(1)", "law:s47(9)"}),
        ("sections 31(9) and (10), 47(1) and 47(9)", {"law:s31(9)", "law:s31(10)", "law:s47(1)", "law:s47(9)"}),
        ("section 17, 45 working days", {"law:s17", "duration:45 working day"}),
        ("sections 175/157; s5B; S11 audit; s47", {"law:s175", "law:s157", "law:s5b", "law:s11", "law:s47"}),
        (
            "regs 3, 5, 6; reg. 8; Arts 6 and 9; Sch 1 para 18",
            {f"law:{p}" for p in ("reg3", "reg5", "reg6", "reg8", "art6", "art9", "sch1", "para18")},
        ),
        ("Schedule 8, Part IX, Part four, ch 5", {"law:sch8", "law:part9", "law:part4", "law:ch5"}),
        (
            "Children (Private Arrangements for Fostering) Regulations 2005, regulations 4 and 7",
            {"law:children (private arrangements for fostering) regulations 2005", "law:reg4", "law:reg7"},
        ),
        ("the 2005 Regulations and the 2026 Act", {"law:regulations 2005", "law:act 2026"}),
        ("FGM Act 2003; Female Genital Mutilation Act 2003", {"law:female genital mutilation act 2003"}),
        ("UK GDPR and Data Protection Act 2018", {"law:data protection act 2018"}),
        ("Reading of the Children Act 1989", {"law:children act 1989"}),
        ("1. Ring.\n2. Write.\n3. Wait 3 days.", {"duration:3 day"}),
        ("five days after stage\n1. Then stage 2.", {"duration:5 day", "number:stage 1", "number:stage 2"}),
        ("Barnsley's 47 children", {"number:47"}),
    ],
)
def test_facts_are_found_and_written_one_way(text, found):
    assert tokens(text) == found


SHEET = """
### What has changed in law and guidance since then

| Item | What was seen | What the KB should do |
|---|---|---|
| Operation Encompass | In law since 7 November 2025 (P2). | State as duty. |

## Source table

| Key | Source | Date |
|---|---|---|
| S1 | Annual report | covers to 31 March 2020 |
| P1 | Escalation policy | June 2019 | https://example.org/p1/ ; also https://example.org/old |
| P2 | Guidance | 2025 | – |
| P3 | Barnsley page (two) | n.d. | – |
| P26 | Barnet page | 9 May 2024 | https://barnet.example.org |
| P27 | Barnet page | n.d. | – |
| P28 | London page | n.d. | – |
| P70 | Levels | n.d. | – |
| S5 | Barnet report | 19 January 2022 |

### 1. `thresholds.overview` — Levels
- There are five levels. Time allowed: 9 days (Leeds), 8 days (Barnet). [P1]
- The old number 01632 960001 is too old to show. The new one is 01632 960002.
- Basis: Children Act 1989 ss.17, 47; the 2005 Regulations. Source: S1. As of: 45 days, check.
- Related: thresholds.level-1 to level-3, mash.minutes-7
- Also called: 24 hours

### 2. `escalation.stage-1` — Stage 1
- Operation Encompass too. Source: P1–P3.

### 3. `mash.minutes` — Minutes
- Basis: Children (Private Arrangements for Fostering) Regulations 2005 reg. 8. Source: statute.

# Escalation policy: the staged model

| Stage | Barnsley | Barnet / London |
|---|---|---|
| 1 | 3 days | 4 days |

# MASH feedback: expectations

| Local commitment, Barnet | 6 hours | P27 |

# Fitting another partnership (Barnet as the example)

- Front door 020 8359 4066, 9am–5.15pm.

# To be confirmed by the partnership

1. Escalation policy: 14 forms.
2. Current threshold document: section 31.
"""


def test_the_script_reads_each_part_of_the_sheet_for_the_entries_that_it_concerns(tmp_path):
    (tmp_path / "sheet.md").write_text(SHEET, "utf-8")

    fostering = "law:children (private arrangements for fostering) regulations 2005"
    assert {full_id: set(found) for full_id, found in extract(tmp_path / "sheet.md").items()} == {
        "thresholds.overview": {
            *("number:5", "duration:9 day", "duration:8 day", "phone:01632960002", "date:2019-06", "date:2020-03-31"),
            *("url:example.org/p1", "url:example.org/old", "law:children act 1989", "law:s17", "law:s47", "law:s31"),
            *("law:regulations 2005", fostering, "number:level 1", "number:level 2", "number:level 3"),
        },
        "escalation.stage-1": {
            *("number:stage 1", "date:2019-06", "date:2025", "url:example.org/p1", "url:example.org/old"),
            *("date:2025-11-07", "number:1", "duration:3 day", "duration:4 day", "number:14"),
        },
        "mash.minutes": {fostering, "law:reg8", "duration:6 hour"},
        "barnet": {
            *("phone:02083594066", "time:09:00", "time:17:15", "date:2024-05-09", "date:2022-01-19"),
            *("url:barnet.example.org", "duration:4 day", "duration:6 hour", "duration:8 day"),
        },
    }


def test_the_script_does_not_guess_which_entries_a_new_row_concerns(tmp_path):
    (tmp_path / "sheet.md").write_text(f"{SHEET}3. Something new.\n", "utf-8")

    with pytest.raises(ValueError, match="Something new"):
        extract(tmp_path / "sheet.md")
