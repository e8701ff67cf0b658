"""Replies as Block Kit. Every text is held to Slack's limits here, and what a person typed is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.answering.reply import ContactNow, EmergencyCard, Reply, Status
from bot.knowledge.markdown import BlockKind, Span, parse, plain, spans
from bot.knowledge.model import Entry, KnowledgeBase, Rule, Topic
from bot.knowledge.partnership import Agency
from bot.reporting.days import Day
from bot.tickets.no_answer import can_be_reported
from handlers import wording
from handlers.slack.blocks import (
    MAX_BLOCKS,
    MAX_CHILDREN,
    MAX_CONTEXT,
    MAX_VALUE,
    Block,
    actions,
    button,
    chart,
    container,
    context,
    cut,
    escape,
    flat,
    header,
    link,
    menu,
    section,
    table,
    texts,
)

MAX_LABEL = 400
"""Characters of a service's name or note."""
MAX_HANDED_BACK = 12_000
"""Characters of a text that is handed back in one message."""
MAX_TEXT = 3500
"""Of the top-level text, which notifications and screen readers use."""
TOPIC_BUTTONS = 10
"""More topics than this are a menu, which takes one line."""
LONG_PROCEDURE = 6
"""Steps from which a procedure stands in a frame of its own."""
TOPIC_ENTRIES = 40
"""Buttons for a topic's entries; a longer topic is read on the page."""


@dataclass(frozen=True)
class Outgoing:
    """A message: text for notifications and screen readers, and blocks."""

    text: str
    blocks: list[Block]
    otherwise: list[Block] | None = None
    """In place of `blocks` where Slack takes none of 2026; None: the same without charts and tables."""

    def as_arguments(self) -> dict[str, Any]:
        """For `chat.postMessage` and a response address; addresses in it are not unfolded."""
        return {**self.as_ephemeral(), "unfurl_links": False, "unfurl_media": False}

    def as_ephemeral(self) -> dict[str, Any]:
        """For `chat.postEphemeral`, which unfolds nothing."""
        return {"text": self.text, "blocks": self.blocks}

    def simpler(self) -> list[Outgoing]:
        """What to try where Slack refuses the blocks: without those of 2026, then the text alone."""
        plain = _at_most(flat(self.blocks) if self.otherwise is None else self.otherwise)
        return [*([] if plain == self.blocks else [Outgoing(self.text, plain)]), Outgoing(self.text, [])]

    def with_more(self, blocks: Sequence[Block]) -> Outgoing:
        """The same with more blocks below, where there is room for them."""
        room = len(self.blocks) + len(blocks) <= MAX_BLOCKS
        return replace(self, blocks=[*self.blocks, *blocks]) if room else self


def card(emergency: EmergencyCard) -> Outgoing:
    """The emergency card."""
    lines = wording.card_lines(emergency)
    blocks = [
        header("Emergency"),
        section(f"*{escape(emergency.first)}*\n<tel:999|Ring 999>"),
        section(escape(emergency.then)),
        *_contact_blocks(emergency.contacts),
        *actions(_no_answer(emergency.contacts)),
    ]
    if emergency.as_of is not None:
        blocks.append(context(escape(lines[-1])))
    return Outgoing(_spoken(" ".join(lines)), _at_most(blocks))


def reply(
    answer: Reply,
    *,
    question_id: str | None = None,
    private: bool,
    hand_back: bool = False,
    late: str | None = None,
) -> Outgoing:
    """One reply.

    `private`: only the asker sees it, who may then share it, or ask without names. `hand_back`: it is shown once and
    kept nowhere, so that it may hold what was typed.
    """
    blocks = list(_reply_blocks(answer, private=private, hand_back=hand_back))
    if late:
        blocks.insert(0, context(escape(late)))
    if question_id and answer.status in JUDGED:
        blocks.append(_verdict(question_id))
    return Outgoing(_summary(answer, late), _at_most(blocks))


REFERRALS = frozenset({"mash"})
"""Topics under whose entries a referrer can ask what became of a referral."""
DISAGREEMENTS = frozenset({"escalation", "mash"})
"""Topics under whose entries an escalation can be raised."""
JUDGED = frozenset({Status.ANSWERED, Status.CHOOSE, Status.NO_GUIDANCE, Status.INDIVIDUAL_CASE})


def topics(knowledge: KnowledgeBase) -> Outgoing:
    """The topics as buttons."""
    return Outgoing("Topics", [section("*What I hold guidance on*"), *_topics(knowledge.topics.values())])


def _topics(listed: Iterable[Topic]) -> list[Block]:
    """Topics to choose from: as buttons, or from a menu where they are many."""
    listed = list(listed)
    if len(listed) <= TOPIC_BUTTONS:
        return actions(button(topic.title, f"show_topic_{i}", topic.id) for i, topic in enumerate(listed))
    options = ((topic.id, topic.title) for topic in listed)
    return actions([menu("pick_topic", "Look through the topics", options)])


def entries(title: str, listed: list[Entry]) -> Outgoing:
    """A topic's entries as buttons."""
    buttons = [
        button(entry.title, f"show_entry_{i}", entry.full_id) for i, entry in enumerate(listed[:TOPIC_ENTRIES])
    ]
    more = len(listed) - TOPIC_ENTRIES
    rest = [context(f"_{more} more are on the page._")] if more > 0 else []
    return Outgoing(_spoken(title), [section(f"*{escape(cut(title, 200))}*"), *actions(buttons), *rest])


def contacts(listed: tuple[ContactNow, ...]) -> Outgoing:
    """Whom to ring now."""
    first = section("*In danger now:* <tel:999|999>, police or ambulance. Not an emergency: <tel:101|101>.")
    blocks = [header("Who to ring now"), first, *_contact_blocks(listed), *actions(_no_answer(listed))]
    numbers = "; ".join(f"{now.contact.name} {wording.ways(now.contact)} ({wording.hours(now)})" for now in listed)
    return Outgoing(_spoken(f"In danger ring 999. {numbers}"), _at_most(blocks))


def week(days: Sequence[Day]) -> Outgoing:
    """Some days in figures: a chart, a table, and the same in words for whoever sees neither."""
    named = [f"{day.date:%a} {day.date.day} {day.date:%b}" for day in days]
    columns = {
        "Questions": [day.questions for day in days],
        "Without guidance": [day.unanswered for day in days],
        "Emergency card": [day.emergencies for day in days],
    }
    words = "; ".join(
        f"{name}: {day.questions} questions, {day.unanswered} without guidance, {day.emergencies} with the card"
        for name, day in zip(named, days, strict=True)
    )
    rows = [[name, *figures] for name, *figures in zip(named, *columns.values(), strict=True)]
    return Outgoing(
        _spoken(f"Day by day. {words}"),
        [
            header("Day by day"),
            chart("Questions by day", named, columns),
            table("Questions by day", ["Day", *columns], rows),
            context("_For managers. Without names or texts._"),
        ],
    )


def refusal(why: str, emergency: EmergencyCard | None, listed: tuple[ContactNow, ...]) -> Outgoing:
    """For somebody who is not served: why, and whom to ring; in danger the card first."""
    numbers = contacts(listed)
    first = card(emergency) if emergency else Outgoing("", [])
    text = " ".join(filter(None, (first.text, escape(why), numbers.text)))
    # Without buttons: what they would lead to is not for them.
    blocks = [block for block in (*first.blocks, section(escape(why)), *numbers.blocks) if block["type"] != "actions"]
    return Outgoing(cut(text, MAX_TEXT), _at_most(blocks))


def note(text: str) -> Outgoing:
    """A line of the bot's own."""
    return Outgoing(_spoken(text), [section(escape(text))])


AGENCY_QUESTION = "Which agency do you work in? I ask once; then my answers fit it. You can change it on my Home tab."


def agency_question(agencies: Sequence[Agency]) -> list[Block]:
    """Which agency somebody works in, to stand below an answer."""
    return [section(AGENCY_QUESTION), *actions([agency_menu(agencies, None)])] if agencies else []


def agency_menu(agencies: Sequence[Agency], chosen: Agency | None) -> Block:
    """The agencies to choose from."""
    options = ((agency.id, agency.name) for agency in agencies)
    return menu("choose_agency", "My agency", options, chosen.id if chosen else None)


def _summary(answer: Reply, late: str | None) -> str:
    parts = [late or "", answer.draft or "", answer.message]
    if answer.entry is not None:
        parts += [answer.entry.title, plain(answer.entry.answer)]
    parts += [other.title for other in answer.others]
    sentences = (part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)
    return _spoken(" ".join(sentences))


def _spoken(text: str) -> str:
    """The top-level text, which is never empty."""
    return cut(escape(text), MAX_TEXT) if text.strip() else "Guidance"


def _reply_blocks(answer: Reply, *, private: bool, hand_back: bool) -> Iterator[Block]:
    if answer.draft:
        yield context(f"*{escape(answer.draft)}*")
    if answer.message:
        yield section(escape(answer.message))
    if answer.entry is not None:
        yield from _entry_blocks(answer)
    elif answer.contacts:
        yield from _contact_blocks(answer.contacts)
    if hand_back and answer.give_back is not None:
        quoted = escape(cut(answer.give_back, MAX_HANDED_BACK)).replace("\n", "\n>")
        yield from texts(f"Your text, to edit:\n>{quoted}")
    if private and answer.without is not None and len(answer.without) <= MAX_VALUE:
        yield section(f"Or ask without it: “{escape(cut(answer.without, 600))}”")
        yield from actions([button("Ask without it", "ask_without", answer.without)])
    if answer.topics:
        yield from _topics(answer.topics)
    if answer.others:
        if answer.entry is not None:
            yield context("Not what you meant?")
        buttons = [button(other.title, f"show_entry_{i}", other.full_id) for i, other in enumerate(answer.others)]
        yield from actions(buttons)
    if answer.related:
        yield context("See also")
        buttons = [button(other.title, f"show_related_{i}", other.full_id) for i, other in enumerate(answer.related)]
        yield from actions(buttons)
    yield from actions(_tools(answer, private=private))


def _tools(answer: Reply, *, private: bool) -> Iterator[Block]:
    """What can be done with a reply."""
    yield from _no_answer(answer.contacts)
    if answer.entry is not None and answer.entry.topic in REFERRALS:
        yield button("What became of my referral?", "ask_feedback", answer.entry.full_id)
    if answer.entry is not None and answer.entry.topic in DISAGREEMENTS:
        yield button("Raise an escalation", "raise_escalation", answer.entry.full_id)
    if answer.answer_id is not None:
        yield button("Suggest a correction", "suggest_correction", answer.answer_id)
        if private:
            yield button("Share this guidance here", "share_entry", answer.answer_id)


def _no_answer(contacts: Iterable[ContactNow]) -> Iterator[Block]:
    """For who rang a service and got no adequate answer. Its value names those that it may have been."""
    names = [now.contact.id for now in contacts if can_be_reported(now.contact)]
    while len(",".join(names)) > MAX_VALUE:
        names.pop()
    if names:
        yield button("I rang: no adequate answer", "no_answer", ",".join(names))


def _entry_blocks(answer: Reply) -> Iterator[Block]:
    entry = answer.entry
    if entry is None:
        return
    if answer.status is not Status.SMALL_TALK:
        yield header(entry.title)
    yield from texts(mrkdwn(entry.answer))
    if answer.for_agency:
        yield from texts(f"*For you:* {escape(answer.for_agency)}")
    for heading, rules in (("You must", entry.must), ("You should", entry.should)):
        if rules:
            yield from texts("\n".join([f"*{heading}*", *(f"• {_rule(rule)}" for rule in rules)]))
    yield from _steps(entry.steps)
    yield from _contact_blocks(answer.contacts)
    if entry.confirm_locally:
        yield from texts(f"*Confirm locally:* {escape(entry.confirm_locally)}")
    sources = "; ".join(
        link(item.url, wording.source(item)) if item.url else escape(wording.source(item)) for item in entry.sources
    )
    dates = wording.compiled(entry)
    if sources or dates:
        shown = (
            sources if len(sources) <= MAX_CONTEXT - 300 else escape("; ".join(map(wording.source, entry.sources)))
        )
        yield context(cut(f"*Sources:* {cut(shown, MAX_CONTEXT - 300)}. {escape(dates)}", MAX_CONTEXT))


def _steps(steps: Sequence[str]) -> Iterator[Block]:
    heading = "What to do, in order"
    lines = "\n".join(f"{number}. {_runs(spans(step))}" for number, step in enumerate(steps, 1))
    framed = list(texts(lines)) if len(steps) >= LONG_PROCEDURE else []
    if 0 < len(framed) <= MAX_CHILDREN:
        yield container(f"{heading}: {len(steps)} steps", framed)
    elif steps:
        yield from texts(f"*{heading}*\n{lines}")


def _rule(rule: Rule) -> str:
    return _runs(spans(rule.text)) + (f" _({escape(rule.basis)})_" if rule.basis else "")


def _contact_blocks(listed: tuple[ContactNow, ...]) -> Iterator[Block]:
    if not listed:
        return
    lines = []
    for now in listed:
        line = number_line(now)
        if as_of := wording.number_as_of(now):
            line += f" _({escape(as_of)})_"
        if now.contact.note:
            line += f"\n      {escape(cut(now.contact.note, MAX_LABEL))}"
        lines.append(line)
    yield from texts("\n".join(lines))


def number_line(now: ContactNow) -> str:
    """How to reach a service, its name, and when it is open: one line, which `texts` parts where it is too long."""
    contact = now.contact
    # Cut before it is escaped: no mark is cut in two.
    ways = [link(f"tel:{number.dial}", cut(number.display, 40)) for number in contact.numbers]
    ways += [link(f"mailto:{contact.email}", contact.email)] if contact.email else []
    ways += [link(contact.web, "")] if contact.web else []
    name, hours = (escape(cut(part, MAX_LABEL)) for part in (contact.name, wording.hours(now)))
    return f"{' / '.join(ways) or wording.NOT_KNOWN}  *{name}*, {hours}"


def mrkdwn(text: str) -> str:
    """The Markdown subset in Slack's own marks."""
    lines: list[str] = []
    for block in parse(text):
        for number, item in enumerate(block.items, 1):
            mark = {BlockKind.BULLETS: "• ", BlockKind.NUMBERS: f"{number}. "}.get(block.kind, "")
            lines.append(mark + _runs(item))
        lines.append("")
    return "\n".join(lines).strip()


def _runs(line: Iterable[Span]) -> str:
    parts = []
    for span in line:
        if span.url:
            parts.append(link(span.url, span.text))
        elif span.bold:
            parts.append(f"*{escape(span.text)}*")
        else:
            parts.append(escape(span.text))
    return "".join(parts)


def _verdict(question_id: str) -> Block:
    def choice(text: str, value: str, label: str) -> dict[str, Any]:
        return {"text": {"type": "plain_text", "text": text}, "value": value, "accessibility_label": label}

    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "verdict",
                "positive_button": choice("Helpful", f"yes:{question_id}", "This answer was helpful"),
                "negative_button": choice("Not helpful", f"no:{question_id}", "Say what was missing"),
            }
        ],
    }


def _at_most(blocks: list[Block]) -> list[Block]:
    """No more blocks than a message holds; the last ones, which are buttons, are kept."""
    if len(blocks) <= MAX_BLOCKS:
        return blocks
    more = context("_This goes on; the whole entry is on the page._")
    return [*blocks[: MAX_BLOCKS - 6], more, *blocks[-5:]]
