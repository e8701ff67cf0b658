"""Every fault in the knowledge is named with its file, line, column and path, and nothing else is called a fault.

In the YAML of these tests the mark » stands where the fault must be found; it is taken out before the file is
written.
"""

import pytest

from bot.knowledge.checks import check
from bot.knowledge.loading import load

MARK = "»"

PLACES = ("sofa", "cot", "car", "sling", "tent")
PHRASES = [f"may a {who} sleep in a {place}" for who in ("baby", "twin", "bairn") for place in PLACES]
ENTRY = {
    "title": "title: Where a baby sleeps",
    "answer": "answer: On the back, in a clear cot.",
    "contacts": "contacts: [front-door]",
    "sources": "sources: [{title: National advice, date: 2023-05}]",
    "compiled": "compiled: 2026-11-21",
    "approval": "approval: {status: draft}",
    "review_by": "review_by: 2027-05-21",
    "phrases": f"phrases: [{', '.join(PHRASES)}]",
}
CONTACTS = """contacts:
  - id: front-door
    name: Front door
    numbers: [{display: "01632 960001", dial: "+441632960001"}]
    source: {title: Council page, date: 2026-01-31}
"""


def entry(entry_id="cot", **changes):
    """The YAML of one faultless entry, with lines changed or added by name, or left out where None."""
    lines = [f"id: {entry_id}", *(line for line in {**ENTRY, **changes}.values() if line is not None)]
    text = "\n".join(lines)
    return "  - " + text.replace("\n", "\n    ") + "\n"


def topic(*entries, head="topic: sleep\n"):
    return head + "entries:\n" + "".join(entries)


class Marked:
    """A folder of knowledge, and where the marks stood in its files."""

    def __init__(self, folder):
        self.folder = folder
        self.marks = []

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for number, line in enumerate(text.splitlines(), 1):
            columns = [len(line[:i].replace(MARK, "")) + 1 for i, letter in enumerate(line) if letter == MARK]
            self.marks += [(f"{path.parent.name}/{path.name}", number, column) for column in columns]
        path.write_bytes(text.replace(MARK, "").encode())
        return self

    def check(self, of="."):
        return check(self.folder / of)

    def assert_faults(self, *expected, of="."):
        """Exactly these faults, each a path and a part of its message, at the marks in the order of the files."""
        found = self.check(of).faults
        assert [(f.file, f.line, f.column) for f in found] == sorted(self.marks), "\n".join(map(str, found))
        assert len(found) == len(expected)
        for fault, (path, message) in zip(found, expected, strict=True):
            assert fault.path == path
            assert message in fault.message


@pytest.fixture
def folder(tmp_path):
    """One folder of knowledge without any fault."""
    return Marked(tmp_path / "folder").write("contacts.yaml", CONTACTS).write("sleep.yaml", topic(entry()))


def test_knowledge_without_a_fault_has_none_even_when_strict(folder):
    checked = folder.check()

    assert (checked.faults, checked.advice, checked.entries) == ((), (), 1)
    assert not checked.failed(strict=False)
    assert not checked.failed(strict=True)


def test_a_fault_reads_as_file_line_column_path_and_message(folder):
    folder.write("sleep.yaml", topic(entry(extra="anwser: x")))

    (fault,) = folder.check().faults

    assert str(fault) == (
        "folder/sleep.yaml:12:5: entries.0.anwser: is not a key that the bot knows; look for a slip in its spelling"
    )


# Keys, ids and shapes

SLIPS = [
    ({"extra": "»anwser: x"}, "entries.0.anwser", "not a key that the bot knows"),
    ({"extra": "must: [{text: Ring., »bassis: Law}]"}, "entries.0.must.0.bassis", "not a key that the bot knows"),
    ({"extra": "must: [»{basis: Law}]"}, "entries.0.must.0.text", "is missing"),
    ({"sources": "sources: [{title: A, »url: www.example.org}]"}, "entries.0.sources.0.url", "not in the form"),
    ({"title": '»title: ""'}, "entries.0.title", "is empty"),
    ({"title": '»title: "  "'}, "entries.0.title", "is empty"),
    ({"title": "»title: true"}, "entries.0.title", "should be a valid string"),
    ({"extra": "»kind: leaflet"}, "entries.0.kind", "should be 'guidance' or 'signpost'"),
    ({"extra": "for: {»wizard: Ask.}"}, "entries.0.for.wizard", "should be 'school'"),
    ({"approval": "approval: {»status: agreed}"}, "entries.0.approval.status", "should be 'draft' or 'approved'"),
    ({"contacts": "contacts: [front-door, »Front Door]"}, "entries.0.contacts.1", "'Front Door' is not in the form"),
    ({"extra": "related: [»sleep]"}, "entries.0.related.0", "'sleep' is not in the form"),
    ({"extra": "»steps: Look."}, "entries.0.steps", "should be"),
    ({"extra": "steps:\n  - Look.\n  - »12"}, "entries.0.steps.1", "should be a valid string"),
    ({"extra": "»omit: perhaps"}, "entries.0.omit", "should be a valid boolean"),
]


@pytest.mark.parametrize(("change", "path", "message"), SLIPS, ids=[path for _, path, _ in SLIPS])
def test_a_slip_in_an_entry_is_named_where_it_stands(folder, change, path, message):
    folder.write("sleep.yaml", topic(entry("sofa", phrases="phrases: [sofa]"), entry(**change)))

    folder.assert_faults((path.replace("entries.0", "entries.1"), message))


def test_an_unknown_key_of_a_topic_is_named(folder):
    folder.write("sleep.yaml", topic(entry(), head="topic: sleep\n»titel: Sleep\n")).assert_faults(
        ("titel", "not a key that the bot knows")
    )


def test_a_topic_whose_id_is_no_id_is_named(folder):
    folder.write("sleep.yaml", topic(entry(), head="»topic: Safer Sleep\n")).assert_faults(
        ("topic", "not in the form")
    )


@pytest.mark.parametrize("entry_id", ["Cot", "the cot", "cot_bed", "cot.bed", "-cot", "cot--bed", "c" * 81])
def test_an_id_that_is_no_id_is_named(folder, entry_id):
    text = topic(entry(entry_id)).replace("- id:", "- »id:")
    folder.write("sleep.yaml", text).assert_faults(("entries.0.id", ""))


@pytest.mark.parametrize("entry_id", ["c", "cot-2", "111", "c" * 80])
def test_an_id_of_small_letters_digits_and_single_hyphens_is_none(folder, entry_id):
    folder.write("sleep.yaml", topic(entry(f'"{entry_id}"'))).assert_faults()


def test_a_key_given_twice_is_named_at_the_second_with_the_line_of_the_first(folder):
    folder.write("sleep.yaml", topic(entry(extra="»title: Another title"))).assert_faults(
        ("entries.0.title", "stands twice; it is already on line 4")
    )


def test_a_key_given_twice_at_the_head_of_a_file_is_named(folder):
    folder.write("sleep.yaml", topic(entry()) + "»topic: sleep\n").assert_faults(("topic", "already on line 1"))


def test_an_id_given_twice_in_one_file_is_named_at_the_second(folder):
    text = topic(entry(), entry(phrases="phrases: [clear cot]").replace("- id", "- »id"))
    folder.write("sleep.yaml", text).assert_faults(
        ("entries.1.id", "sleep.cot stands twice; it is already in folder/sleep.yaml, line 3")
    )


def test_an_id_given_twice_in_two_files_of_one_layer_is_named_in_the_later_file(folder):
    folder.write("zz.yaml", topic(entry().replace("- id", "- »id"))).assert_faults(
        ("entries.0.id", "sleep.cot stands twice; it is already in folder/sleep.yaml, line 3")
    )


def test_the_same_id_in_two_topics_is_no_fault(folder):
    folder.write("crying.yaml", topic(entry(phrases="phrases: [wont stop]"), head="topic: crying\n")).assert_faults()


def test_the_same_id_in_two_layers_is_no_fault(tmp_path):
    layers = Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n")
    layers.write("here/sleep.yaml", "topic: sleep\nentries: [{id: cot, title: Our cots}]\n")

    layers.assert_faults(of="here")


def test_an_omitted_id_that_no_layer_has_is_named_since_the_entry_meant_is_still_shown(tmp_path):
    layers = Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n")
    layers.write("here/sleep.yaml", "topic: sleep\nentries:\n  - {id: cots, omit: true}\n")

    (fault,) = layers.check("here").faults

    assert (fault.file, fault.line) == ("here/sleep.yaml", 3)


def test_a_partnership_may_omit_an_entry_that_england_relates_to(tmp_path):
    sofa = entry("sofa", phrases="phrases: [settee]", extra="related: [sleep.cot]")
    layers = (
        Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry(), sofa))
    )
    layers.write("here/partnership.yaml", "name: Here\n")
    layers.write("here/sleep.yaml", "topic: sleep\nentries: [{id: cot, omit: true}]\n")

    layers.assert_faults(of="here")


# Dates, and what stays text


@pytest.mark.parametrize("name", ["compiled", "review_by"])
@pytest.mark.parametrize(
    "day",
    ["2026-13-01", "2026-02-30", "2027-02-29", "2026-00-10", "21/11/2026", "tomorrow", "2026-11-21 09:00", "''"],
)
def test_a_day_that_does_not_exist_is_named_with_how_to_write_one(folder, name, day):
    folder.write("sleep.yaml", topic(entry(**{name: f"»{name}: {day}"}))).assert_faults(
        (f"entries.0.{name}", f"{day!r} is not a date; write it as 2026-11-21" if day != "''" else "is not a date")
    )


@pytest.mark.parametrize("day", ["2028-02-29", "2027-12-31", '"2028-02-29"', "!!str 2028-01-01"])
def test_a_day_that_exists_is_no_fault_quoted_or_not(folder, day):
    folder.write("sleep.yaml", topic(entry(review_by=f"review_by: {day}"))).assert_faults()


@pytest.mark.parametrize("number", ["2026", "20261121", "86400", "1", "1798761600"])
def test_a_bare_number_is_no_day(folder, number):
    folder.write("sleep.yaml", topic(entry(compiled=f"»compiled: {number}"))).assert_faults(
        ("entries.0.compiled", "")
    )


@pytest.mark.parametrize(
    "day", ["2022-13", "2022-00", "2022-02-30", "July 2022", "18.07.2022", "22", "2022-W10", "soon"]
)
def test_a_sources_date_that_does_not_exist_is_named(folder, day):
    text = topic(entry(sources=f"sources:\n  - title: A letter\n    »date: {day}"))
    folder.write("sleep.yaml", text).assert_faults(
        ("entries.0.sources.0.date", f"'{day}' is not a date; write 2026-11-21, 2026-11, 2026 or undated")
    )


@pytest.mark.parametrize("day", ["2022-07-18", "2022-07", "2022", '"2022"', "undated", "~"])
def test_a_source_may_be_dated_by_day_month_or_year_or_not_at_all(folder, day):
    folder.write("sleep.yaml", topic(entry(sources=f"sources: [{{title: A letter, date: {day}}}]"))).assert_faults()


def test_the_words_that_old_yaml_takes_for_booleans_stay_words(tmp_path):
    text = topic(
        entry(title="title: no", answer="answer: off", phrases="phrases: [no, yes, on, off, y, n, 012, 1:30]")
    )
    (tmp_path / "sleep.yaml").write_text(text, encoding="utf-8")

    loaded = load([tmp_path]).entries["sleep.cot"]

    assert (loaded.title, loaded.answer) == ("no", "off")
    assert loaded.phrases == ("no", "yes", "on", "off", "y", "n", "012", "1:30")


# What entries refer to


def test_an_unknown_contact_is_named_at_its_place_in_the_list(folder):
    folder.write("sleep.yaml", topic(entry(contacts="contacts:\n  - front-door\n  - »back-door"))).assert_faults(
        ("entries.0.contacts.1", "back-door: no such contact in contacts.yaml")
    )


def test_an_unknown_related_entry_is_named_at_its_place_in_the_list(folder):
    folder.write("sleep.yaml", topic(entry(extra="related: [»sleep.cots]"))).assert_faults(
        ("entries.0.related.0", "sleep.cots: no such entry")
    )


def test_an_entry_related_to_itself_is_named(folder):
    folder.write("sleep.yaml", topic(entry(extra="related: [»sleep.cot]"))).assert_faults(
        ("entries.0.related.0", "not related to itself")
    )


def test_a_related_entry_that_is_there_or_of_a_topic_not_yet_written_is_no_fault(folder):
    sofa = entry("sofa", phrases="phrases: [settee]", extra="related: [sleep.cot, crying.plan]")
    folder.write("sleep.yaml", topic(entry(), sofa)).assert_faults()


def test_a_reference_that_the_partnership_adds_is_named_in_the_partnerships_file(tmp_path):
    layers = Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n")
    text = "topic: sleep\nentries:\n  - id: cot\n    contacts: [»our-door]\n    related: [»sleep.sofa]\n"
    layers.write("here/sleep.yaml", text)

    layers.assert_faults(("entries.0.contacts.0", "our-door"), ("entries.0.related.0", "sleep.sofa"), of="here")


# Numbers belong in contacts.yaml

NUMBERS = [
    "01226 772423",
    "01226772423",
    "01226-772423",
    "(01226) 772423",
    "+44 1226 772423",
    "+441226772423",
    "+44 (0)1226 772423",
    "020 7008 0151",
    "07700 900123",
    "0800 1111",
    "0808 800 5000",
    "0300 123 4234",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_telephone_number_in_an_answer_is_named_however_it_is_spaced(folder, number):
    folder.write(
        "sleep.yaml", topic(entry(answer=f"»answer: |\n  Ring the council.\n\n  It is {number}, free."))
    ).assert_faults(("entries.0.answer", "it belongs in contacts.yaml"))


@pytest.mark.parametrize("address", ["duty@example.org", "safeguarding.unit@council.gov.uk", "A+b_c@x-y.co"])
def test_an_email_address_in_an_answer_is_named(folder, address):
    folder.write("sleep.yaml", topic(entry(answer=f"»answer: Write to {address}."))).assert_faults(
        ("entries.0.answer", f"the e-mail address {address!r}; it belongs in contacts.yaml")
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"title": "»title: Ring 01226 772423"}, "entries.0.title"),
        ({"extra": "steps: [Look., »Ring 01226 772423.]"}, "entries.0.steps.1"),
        ({"extra": "must: [{»text: Ring 01226 772423.}]"}, "entries.0.must.0.text"),
        ({"extra": "should: [{text: Ring., »basis: Call 01226 772423}]"}, "entries.0.should.0.basis"),
        ({"extra": "for: {»gp: Ring 01226 772423.}"}, "entries.0.for.gp"),
        ({"extra": "»confirm_locally: Is it 01226 772423?"}, "entries.0.confirm_locally"),
        ({"sources": "sources: [{»title: Card with 01226 772423}]"}, "entries.0.sources.0.title"),
    ],
    ids=["title", "steps", "must", "should", "for", "confirm_locally", "sources"],
)
def test_a_telephone_number_is_named_in_every_field_that_is_shown(folder, change, path):
    folder.write("sleep.yaml", topic(entry(**change))).assert_faults((path, "telephone number '01226 772423'"))


@pytest.mark.parametrize(
    "text",
    [
        "Ring 999, or 101 when it can wait.",
        "Regulations 2005 (SI 2005/1533), in force from 01-07-2005.",
        "From 08:00 to 18:30, or 0900 to 1700.",
        "Section 47, on 2026-11-21, case 0123456.",
        "Write @ once.",
    ],
)
def test_emergency_numbers_dates_times_and_statutes_are_no_telephone_numbers(folder, text):
    folder.write("sleep.yaml", topic(entry(answer=f'answer: "{text}"'))).assert_faults()


def test_a_number_in_an_address_or_in_what_people_type_is_no_fault(folder):
    folder.write(
        "sleep.yaml",
        topic(
            entry(
                sources='sources: [{title: Page, url: "https://example.org/01226772423?by=a@b.org"}]',
                never="never: [is 01226 772423 the dentist, who is a@b.org]",
            )
        ),
    ).assert_faults()


def test_a_topic_that_is_called_contacts_yaml_may_not_hold_numbers_either(tmp_path):
    folder = Marked(tmp_path / "folder").write("numbers.yaml", topic(entry(contacts=None)))
    text = topic(
        entry("door", contacts=None, phrases="phrases: [door]", answer="»answer: Ring 01226 772423."),
        head="topic: contacts\n",
    )
    folder.write("contacts.yaml", text).assert_faults(("entries.0.answer", "telephone number"))


# What an entry must have


@pytest.mark.parametrize("name", ["phrases", "sources", "compiled", "review_by"])
def test_a_field_that_a_partnership_needs_is_named_at_the_entry_that_lacks_it(folder, name):
    text = topic(entry("sofa", phrases="phrases: [settee]"), entry(**{name: None}).replace("- id", "- »id"))
    folder.write("sleep.yaml", text).assert_faults((f"entries.1.{name}", f"sleep.cot has no {name}"))


@pytest.mark.parametrize("empty", ["[]", "~", ""])
def test_an_empty_list_of_phrases_is_named_where_it_stands(folder, empty):
    folder.write("sleep.yaml", topic(entry(phrases=f"»phrases: {empty}"))).assert_faults(
        ("entries.0.phrases", "sleep.cot has no phrases")
    )


def test_a_field_that_england_gives_is_not_lacking_in_the_partnership(tmp_path):
    layers = Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n")
    layers.write(
        "here/sleep.yaml", "topic: sleep\nentries:\n  - {id: cot, title: Ours}\n  - »{id: own, title: A, answer: B}\n"
    )

    layers.marks *= 4
    layers.assert_faults(
        ("entries.1.compiled", "sleep.own has no compiled"),
        ("entries.1.phrases", "sleep.own has no phrases"),
        ("entries.1.review_by", "sleep.own has no review_by"),
        ("entries.1.sources", "sleep.own has no sources"),
        of="here",
    )


@pytest.mark.parametrize("day", ["2026-11-21", "2026-11-20"])
def test_a_review_that_is_not_after_the_writing_is_named(folder, day):
    folder.write("sleep.yaml", topic(entry(review_by=f"»review_by: {day}"))).assert_faults(
        ("entries.0.review_by", "is not after `compiled`")
    )


def test_a_review_on_the_day_after_the_writing_is_no_fault(folder):
    folder.write("sleep.yaml", topic(entry(review_by="review_by: 2026-11-22"))).assert_faults()


@pytest.mark.parametrize("more", ["", ", by: Policy subgroup", ", on: 2027-01-12"])
def test_an_approval_without_whose_and_when_is_named(folder, more):
    folder.write("sleep.yaml", topic(entry(approval=f"»approval: {{status: approved{more}}}"))).assert_faults(
        ("entries.0.approval", "says by whom and on which day")
    )


def test_an_approval_with_whose_and_when_is_no_fault(folder):
    text = topic(entry(approval="approval: {status: approved, by: Policy subgroup, on: 2027-01-12}"))
    folder.write("sleep.yaml", text).assert_faults()


# Phrases of two entries


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what cot", "what cot"),
        ("what cot", "What COT"),
        ("does a cousin count as family", "as family does a cousin count"),
        ("must i tell the council about a lodger", "must i tell the council about a lodgers"),
    ],
    ids=["the same", "capitals", "order", "one letter"],
)
def test_a_phrase_of_two_entries_is_named_at_the_second_with_the_first(folder, one, other):
    text = topic(entry("a", phrases=f"phrases: [{one}]"), entry("b", phrases=f"phrases: [nothing alike, »{other}]"))
    folder.write("sleep.yaml", text).assert_faults(
        ("entries.1.phrases.1", f"{other!r} is also asked under sleep.a: {one!r}")
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what cot", "what pram"),
        ("what is stage 1", "what is stage 2"),
        (
            "who decides at level 2 for a child with several needs",
            "who decides at level 3 for a child with several needs",
        ),
        ("must i tell the council about a lodger", "must i tell the council about a cousin"),
    ],
    ids=["a word", "a short one's number", "a long one's number", "a long one's word"],
)
def test_phrases_of_two_entries_that_differ_in_what_is_asked_are_no_fault(folder, one, other):
    folder.write(
        "sleep.yaml", topic(entry("a", phrases=f"phrases: [{one}]"), entry("b", phrases=f"phrases: [{other}]"))
    ).assert_faults()


def test_near_identical_phrases_of_one_entry_are_no_fault(folder):
    folder.write("sleep.yaml", topic(entry(phrases="phrases: [what cot, What cot, cot what]"))).assert_faults()


def test_a_phrase_that_the_partnership_adds_and_another_entry_has_is_named_in_the_partnerships_file(tmp_path):
    sofa = entry("sofa", phrases="phrases: [settee]")
    layers = (
        Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry(), sofa))
    )
    layers.write("here/partnership.yaml", "name: Here\n")
    text = "topic: sleep\nentries:\n  - id: sofa\n    phrases:\n      - settees\n      - »may a baby sleep in a cot\n"
    layers.write("here/sleep.yaml", text)

    layers.assert_faults(("entries.0.phrases.1", "is also asked under sleep.cot"), of="here")


# Contacts and partnership


def test_a_contact_that_every_partnership_must_define_and_this_one_lacks_is_named(tmp_path):
    text = "required: [front-door, »lado, »duty-team]\n" + CONTACTS
    layers = Marked(tmp_path).write("england/contacts.yaml", text).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n")

    layers.assert_faults(
        ("required.1", "lado: this partnership's contacts.yaml lacks it"),
        ("required.2", "duty-team: this partnership's contacts.yaml lacks it"),
        of="here",
    )


def test_a_partnership_that_defines_every_required_contact_has_no_fault(tmp_path):
    layers = Marked(tmp_path).write("england/contacts.yaml", "required: [front-door]\n")
    layers.write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n").write("here/contacts.yaml", CONTACTS)

    layers.assert_faults(of="here")


def test_england_alone_may_name_the_contacts_that_it_requires_of_every_partnership(tmp_path):
    layers = Marked(tmp_path).write("england/contacts.yaml", "required: [front-door]\ncontacts: []\n")
    layers.write("england/sleep.yaml", topic(entry()))

    layers.assert_faults(of="england")


REACHED = "numbers: [{display: '999', dial: '999'}], source: {title: Page}"


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        (f"- {{»id: front-door, name: Again, {REACHED}}}", "contacts.1.id", "front-door stands twice"),
        (f"- »{{id: a, {REACHED}}}", "contacts.1.name", "is missing"),
        (f"- {{id: a, name: A, {REACHED}, »telephone: '1'}}", "contacts.1.telephone", "not a key that the bot knows"),
        (f"- {{id: a, name: A, {REACHED}, »email: nobody}}", "contacts.1.email", "not in the form"),
        ("- »{id: a, name: A, source: {title: Page}}", "contacts.1", "a has no number, e-mail or address"),
        ("- »{id: a, name: A, email: a@b.org}", "contacts.1", "a has no source"),
        (f"- {{id: a, name: A, {REACHED}, »out_of_hours: b}}", "contacts.1.out_of_hours", "b: no such contact"),
        (f"- {{id: a, name: A, {REACHED}, »out_of_hours: a}}", "contacts.1.out_of_hours", "a: no such contact"),
        (f"- {{id: a, name: A, {REACHED}, »hours: {{when_closed: b}}}}", "contacts.1.hours", "b: no such contact"),
        (f"- {{id: a, name: A, {REACHED}, »hours: {{when_closed: a}}}}", "contacts.1.hours", "a: no such contact"),
        (f"- {{id: a, name: A, {REACHED}, »bank_holidays: shut}}", "contacts.1.bank_holidays", "'open' or 'closed'"),
        (
            "- {id: a, name: A, source: {title: P}, numbers: [{display: x, »dial: '01226 772423'}]}",
            "contacts.1.numbers.0.dial",
            "not in the form",
        ),
    ],
)
def test_a_slip_in_a_contact_is_named_where_it_stands(folder, line, path, message):
    folder.write("contacts.yaml", f"{CONTACTS}  {line}\n").assert_faults((path, message))


@pytest.mark.parametrize(
    "hours",
    [
        "sometimes",
        "{monday: '09:00-17:00'}",
        "{mon-fri: 9-5}",
        "{mon-fri: '09:00-24:01'}",
        "{mon: '9:00-17:00'}",
        "[mon]",
    ],
)
def test_hours_that_cannot_be_read_are_one_fault_at_the_hours(folder, hours):
    folder.write("contacts.yaml", f"{CONTACTS}    hours: {hours}\n")

    found = folder.check().faults

    assert {(f.file, f.line) for f in found} == {("folder/contacts.yaml", 6)}
    assert [f.path for f in found] == ["contacts.0.hours"]
    assert found[0].message.startswith("cannot be read; write always, unknown, {mon-fri: ")


@pytest.mark.parametrize(
    "hours",
    [
        "always",
        "unknown",
        "{mon-fri: '09:00-17:00'}",
        "{sat: '00:00-24:00', fri-mon: '23:58-23:59', sun: '22:00-06:00'}",
    ],
)
def test_hours_that_can_be_read_are_no_fault(folder, hours):
    folder.write("contacts.yaml", f"{CONTACTS}    hours: {hours}\n").assert_faults()


def test_an_emergency_contact_that_nobody_defines_is_named_in_partnership_yaml(folder):
    folder.write("partnership.yaml", "name: Here\n»emergency_contacts: [front-door, back-door]\n").assert_faults(
        ("emergency_contacts", "back-door: no such contact in contacts.yaml")
    )


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        ("»time_zone: Mars/Phobos", "time_zone", "'Mars/Phobos' is not a time zone; write it as Europe/London"),
        ("»time_zone: Europe", "time_zone", "is not a time zone"),
        ("»time_zone: ../secret", "time_zone", "is not a time zone"),
        ("»bank_holidays: ENGLAND", "bank_holidays", "should be 'ENG', 'WLS', 'SCT' or 'NIR'"),
        ("»nmae: Here", "nmae", "not a key that the bot knows"),
        ("»agencies: gp", "agencies", "should be a list"),
        ("»topics: sleep", "topics", "should be a list"),
        ("topics: [sleep, »Safer Sleep]", "topics.1", "'Safer Sleep' is not in the form"),
        ("agencies: [»gp]", "agencies.0", "should be keys with a value each"),
        ("agencies: [{id: a, name: A, »kind: wizards}]", "agencies.0.kind", "should be 'school'"),
        ("agencies: [{id: a, name: A, kind: gp}, {»id: a, name: B, kind: gp}]", "agencies.1.id", "a stands twice"),
    ],
)
def test_a_slip_in_partnership_yaml_is_named_where_it_stands(folder, line, path, message):
    folder.write("partnership.yaml", f"name: Here\n{line}\n").assert_faults((path, message))


def test_a_topic_that_nobody_wrote_is_named_at_its_place_in_the_order_of_topics(folder):
    folder.write("partnership.yaml", "name: Here\ntopics: [»slepe, sleep, »crying]\n").assert_faults(
        ("topics.0", "slepe: no such topic"), ("topics.2", "crying: no such topic")
    )


def test_the_order_of_topics_may_name_englands_topics_and_leave_some_out(tmp_path):
    layers = Marked(tmp_path)
    layers.write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\ntopics: [sleep]\n")
    layers.write("here/crying.yaml", "topic: crying\nentries: []\n")
    layers.assert_faults(of="here")


# Files that cannot be read


@pytest.mark.parametrize(
    "text",
    [
        "topic: sleep\ntitle: [a, b\n»entries: []\n",
        "topic: sleep\ntitle: a: »b\n",
        "topic: sleep\n»\ttitle: a\n",
        'topic: sleep\ntitle: "a\nowner: b\n»',
        "topic: sleep\n»---\ntopic: crying\n",
        'topic: sleep\ntitle: "»\\q"\n',
    ],
    ids=["list left open", "second colon", "tab", "quote left open", "two documents", "escape"],
)
def test_broken_yaml_is_named_by_line_and_the_other_files_are_still_checked(folder, text):
    folder.write("broken.yaml", text).write("sleep.yaml", topic(entry(answer="»answer: Ring 01226 772423.")))

    broken, number = folder.check().faults

    assert (broken.file, broken.path) == ("folder/broken.yaml", "")
    assert broken.message.startswith("is not valid YAML: ")
    assert abs(broken.line - folder.marks[0][1]) <= 1
    assert (number.file, number.line, number.column) == folder.marks[1]


def test_a_file_in_another_encoding_is_named_at_the_line_with_the_first_strange_letter(folder):
    (folder.folder / "broken.yaml").write_bytes("topic: a\ntitle: b\nowner: café\n".encode("latin-1"))

    (fault,) = folder.check().faults

    assert (fault.file, fault.line) == ("folder/broken.yaml", 3)
    assert "is not UTF-8 text" in fault.message


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only a comment\n", "---\n", "- a\n- b\n", "just words\n", "~\n", "12\n"]
)
def test_a_file_that_is_empty_or_no_list_of_keys_is_named(folder, text):
    folder.write("other.yaml", text)

    (fault,) = folder.check().faults

    assert (fault.file, fault.path, fault.message) == ("folder/other.yaml", "", "is empty or not a list of keys")


def test_a_file_that_is_no_topic_and_no_file_of_the_bots_is_named(folder):
    folder.write("topcis.yaml", "»entries: []\n").assert_faults(("", "has no `topic:`"))


def test_a_folder_in_the_place_of_a_file_is_named(folder):
    (folder.folder / "other.yaml").mkdir()

    assert [str(fault) for fault in folder.check().faults] == [
        "folder/other.yaml:1:1: cannot be read: Is a directory"
    ]


# All at once, and strictness


def test_faults_in_several_files_are_all_reported_in_the_order_of_the_files(folder):
    faulty = entry("x", extra="»anwser: x", compiled="»compiled: 2026-13-01", phrases="phrases: [settee]")
    folder.write("a.yaml", topic(faulty, head="topic: a\n"))
    folder.write("broken.yaml", "topic: [»")
    folder.write("contacts.yaml", CONTACTS + "  - {id: b, name: B, »phone: '1'}\n")
    folder.write("sleep.yaml", topic(entry(answer="»answer: Ring 01226 772423 or a@b.org.")))
    folder.marks.append(folder.marks[-1])
    folder.marks[2] = ("folder/broken.yaml", 2, 1)  # the list ends nowhere: named at the end of the file

    found = folder.check().faults

    assert [(f.file, f.line) for f in found] == [(file, line) for file, line, _ in sorted(folder.marks)]
    assert list(found) == sorted(set(found))


def test_several_faults_of_one_entry_are_all_reported(folder):
    text = topic(
        entry(
            contacts="contacts: [»back-door]",
            approval="»approval: {status: approved}",
            review_by="»review_by: 2020-01-01",
            extra="related: [»sleep.cots]\nsteps: [»Ring 01226 772423.]",
        )
    )
    folder.write("sleep.yaml", text).assert_faults(
        ("entries.0.contacts.0", "no such contact"),
        ("entries.0.approval", "by whom"),
        ("entries.0.review_by", "not after"),
        ("entries.0.related.0", "no such entry"),
        ("entries.0.steps.0", "telephone number"),
    )


def test_a_slip_in_one_entry_hides_no_fault_of_the_others_and_makes_none(folder):
    slipped = entry("sofa", phrases="phrases: [settee]", sources="sources: [{title: A, »url: www}]")
    other = entry(contacts="contacts: [»back-door]", sources=None, extra="related: [sleep.sofa, »sleep.cots]")
    folder.write("sleep.yaml", topic(slipped, other.replace("- id", "- »id"))).assert_faults(
        ("entries.0.sources.0.url", "not in the form"),
        ("entries.1.sources", "sleep.cot has no sources"),
        ("entries.1.contacts.0", "no such contact"),
        ("entries.1.related.1", "sleep.cots: no such entry"),
    )


def test_a_slip_in_an_entry_hides_no_other_fault_of_the_same_entry(folder):
    folder.write("sleep.yaml", topic(entry(contacts="contacts: [»back-door]", extra="»anwser: x"))).assert_faults(
        ("entries.0.contacts.0", "no such contact"), ("entries.0.anwser", "not a key that the bot knows")
    )


@pytest.mark.parametrize("slip", ["»titel: Ours", "»answer: [Ours]", "»omit: perhaps"])
def test_a_slip_in_the_partnerships_part_of_an_entry_is_the_only_fault(tmp_path, slip):
    layers = Marked(tmp_path).write("england/contacts.yaml", CONTACTS).write("england/sleep.yaml", topic(entry()))
    layers.write("here/partnership.yaml", "name: Here\n")
    layers.write("here/sleep.yaml", f"topic: sleep\nentries:\n  - id: cot\n    {slip}\n")

    path = "entries.0." + slip.strip("»").partition(":")[0]
    layers.assert_faults((path, ""), of="here")


def test_a_contact_with_a_slip_is_still_a_contact(folder):
    text = CONTACTS.replace("    name: Front door\n", "    »name: []\n    out_of_hours: nobody\n")
    folder.write("contacts.yaml", text).assert_faults(("contacts.0.name", "should be a valid string"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("contacts.yaml", "»contacts: none\n"),
        ("contacts.yaml", "contacts: »]\n"),
        ("plan.yaml", "topic: sleep\n»entries: {id: plan}\n"),
        ("plan.yaml", "topic: sleep\nentries: »]\n"),
    ],
)
def test_what_may_stand_in_a_file_that_cannot_be_read_is_not_called_missing(folder, name, text):
    folder.write("sleep.yaml", topic(entry(extra="related: [sleep.plan]" if name == "plan.yaml" else None)))

    folder.write(name, text)

    (fault,) = folder.check().faults
    assert (fault.file, fault.line) == folder.marks[0][:2]


@pytest.mark.parametrize(("head", "path"), [("»topic: A b\n", "topic"), ("topic: sleep\n»owner: []\n", "owner")])
def test_the_entries_of_a_topic_with_a_slip_at_its_head_are_checked_too(folder, head, path):
    folder.write("sleep.yaml", topic(entry(extra="»anwser: x"), head=head)).assert_faults(
        (path, ""), ("entries.0.anwser", "not a key that the bot knows")
    )


def test_one_phrase_fewer_than_fifteen_is_advice_and_fifteen_is_not(folder):
    fourteen = ENTRY["phrases"].replace(", may a bairn sleep in a tent", "")
    folder.write("sleep.yaml", topic(entry(phrases=fourteen)))

    checked = folder.check()

    assert checked.faults == ()
    (advice,) = checked.advice
    assert (advice.file, advice.line, advice.column) == ("folder/sleep.yaml", 11, 5)
    assert (advice.path, advice.message) == ("entries.0.phrases", "has 14 phrases; 15 or more are needed")
    folder.write("sleep.yaml", topic(entry()))
    assert folder.check().advice == ()


def test_a_phrase_that_must_not_be_answered_too_is_advice(folder):
    folder.write("sleep.yaml", topic(entry(never="never: [May a baby sleep in a COT, sofa bed prices]")))

    (advice,) = folder.check().advice

    assert (advice.line, advice.path) == (12, "entries.0.never")
    assert "'may a baby sleep in a cot' stands under phrases too" in advice.message


def test_an_answer_that_is_hard_to_read_is_advice(folder):
    hard = "Multi-agency safeguarding arrangements necessitate considerable professional curiosity and collaboration."
    folder.write("sleep.yaml", topic(entry(answer=f"answer: {hard}")))

    (advice,) = folder.check().advice

    assert (advice.line, advice.path) == (5, "entries.0.answer")
    assert "shorten the sentences (at most 15)" in advice.message


def test_advice_fails_a_strict_check_only_and_a_fault_fails_both(folder):
    folder.write("sleep.yaml", topic(entry(phrases="phrases: [what cot]")))
    advised = folder.check()
    assert (advised.failed(strict=False), advised.failed(strict=True)) == (False, True)

    folder.write("sleep.yaml", topic(entry(contacts="contacts: [back-door]")))
    faulty = folder.check()
    assert (faulty.failed(strict=False), faulty.failed(strict=True)) == (True, True)
