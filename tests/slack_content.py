"""What Slack's renderers are given in tests: texts that somebody may write, and hundreds of everything."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property

from bot.answering.reply import ContactNow, EmergencyCard
from bot.desk import whole_characters
from bot.knowledge.loading import examine
from bot.knowledge.model import Approval, Contact, Entry, KnowledgeBase, Number, Rule, Topic
from bot.knowledge.partnership import Agency, AgencyKind, Partnership
from bot.knowledge.shapes import Source
from bot.working_time import Opening

MOMENTS = (datetime(2026, 11, 25, 10, 30, tzinfo=UTC), datetime(2026, 12, 26, 3, 0, tzinfo=UTC))
AT = MOMENTS[0]
ADDRESS = "https://x.org/a|b>c<d?e=1&lt;=2&f=3#g"
TEXTS = {
    "plain": "Ring the front door. ",
    "empty": "",
    "blank": " \n\t ",
    "one long word": "a",
    "right to left": "\u202eהגנה על ילדים\u202c \u200fعاجل: اتصل\u200e ",
    "emoji": "👩‍👩‍👧‍👦🚨🏴󠁧󠁢󠁥󠁮󠁧󠁿\u200b ",
    "combining": "e\u0301\u0316\u0489" * 20 + " ",
    "mentions": "<!channel> <@U1> <#C1|x> <!subteam^S1|@leads> <http://x|y> <mailto:a@b.org|c> @here #general ",
    "marks": "*bold* _it_ ~no~ `code` ```pre``` \\ | > quoted\n> quoted ",
    "escapes": "&amp; &lt;!channel&gt; &#60; R&D < > ",
    "ampersands": "&",
    "angles": "<>",
    "lines": "\r\n\x0b\x0c\u2028\u2029\x85line\n\n",
    "markdown": f"**bold** **<!here>** [x|<!channel>\u2028y]({ADDRESS})\n- item\n1. one\n\n",
    "long links": f"[{'label ' * 400}]({ADDRESS}{'a' * 2500}) [{'&' * 900}]({ADDRESS}) {ADDRESS}{'b' * 3100}\n",
    "half characters": "\ud800 \udfff ",
}
"""What somebody may write, repeated until it is as long as it may be."""
MANY = (0, 7, 120)
"""How many there are of everything: contacts, entries, topics, agencies, rules, steps."""


@dataclass(frozen=True)
class Content:
    """What renderers are given."""

    kind: str
    many: int

    def filled(self, most: int) -> str:
        """As long as it may be, as the loader and the desk let it through: without half characters."""
        text = TEXTS[self.kind]
        return whole_characters(text * (most // max(1, len(text)) + 1))[:most] if text else ""

    @property
    def line(self) -> str:
        """As an editor writes it: 600 characters, not blank."""
        return self.filled(600).strip() or "-"

    @property
    def prose(self) -> str:
        return self.filled(12_000)

    def each(self, most: int = 1000) -> range:
        return range(min(self.many, most))

    @cached_property
    def contacts(self) -> dict[str, Contact]:
        name = ["s" * 70, "front-door"][self.many < 100]
        return {
            f"{name}-{number}": Contact(
                id=f"{name}-{number}",
                name=self.line,
                numbers=(Number(display=self.line, dial="+441226772423"),) * [1, 0, 20][number % 3],
                email=[None, "a|<!here>&b@x|y.org"][number % 2],
                web=[None, f"{ADDRESS}{'f' * 900}"][number % 2],
                note=[None, self.line][number % 2],
                source=Source(title=self.line, date=["2020-03", "undated"][number % 2]),
                hours="always",
                confirm=True,
            )
            for number in self.each()
        }

    @cached_property
    def now(self) -> tuple[ContactNow, ...]:
        """The contacts as they are now: open, closed, or not known."""
        states = (Opening(open=True), Opening(open=False, opens=AT), Opening(open=None))
        return tuple(
            ContactNow(contact, states[number % 3], "open until 17:00", [contact, None][number % 2], number % 2 == 0)
            for number, contact in enumerate(self.contacts.values())
        )

    @property
    def emergency(self) -> EmergencyCard:
        return EmergencyCard("Ring 999.", "Then tell somebody.", self.now, date(2026, 11, 21))

    @property
    def entries(self) -> list[Entry]:
        return [Entry(topic="t", id=f"e{number}", title=self.filled(600), answer="x") for number in self.each()]

    @property
    def topics(self) -> tuple[Topic, ...]:
        return tuple(Topic(f"{'t' * 70}-{number}", self.filled(600), self.line) for number in self.each())

    @property
    def agencies(self) -> tuple[Agency, ...]:
        return tuple(Agency(id=f"a{number}", name=self.line, kind=AgencyKind.GP) for number in self.each())

    @property
    def entry(self) -> Entry:
        """One with everything in it."""
        sources = [Source(title=self.line, date="2022-07-18", url=ADDRESS), Source(title="Act")]
        rules = tuple(Rule(text=self.line, basis=self.line) for _ in self.each(20))
        return Entry(
            topic="t" * 79,
            id="e" * 80,
            title=self.filled(600),
            answer=self.prose,
            must=rules,
            should=rules,
            steps=tuple(self.line for _ in self.each(40)),
            confirm_locally=self.line,
            sources=tuple((sources * 15)[: self.many or 1]),
            compiled=date(2026, 11, 21),
            approval=Approval(status="approved", by=self.line, on=date(2027, 1, 12)),
            review_by=date(2027, 5, 21),
        )

    @property
    def knowledge(self) -> KnowledgeBase:
        partnership = Partnership(
            name=self.line, owner=self.line, agencies=self.agencies, emergency_contacts=tuple(self.contacts)
        )
        entries = {entry.full_id: entry for entry in (self.entry, *self.entries)}
        return replace(
            examine([]).knowledge,
            topics={topic.id: topic for topic in self.topics},
            entries=entries,
            contacts=self.contacts,
            partnership=partnership,
        )
