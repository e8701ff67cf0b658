"""`/safeguarding review`: a manager's way into the review pages. From anybody else it is a question."""

from __future__ import annotations

from bot.ledger import NotSaved
from bot.reviewing import NotKnown, Reviewing, ShutOut
from handlers.slack import render
from handlers.slack.blocks import link, section
from handlers.slack.call import Call
from handlers.slack.people import People
from handlers.slack.render import Outgoing

REVIEW = "review"
NO_ADDRESS = (
    "The review pages have no address that I could give you. Whoever runs me sets PUBLIC_URL to where the page is "
    "reached, such as https://guidance.example.org, and starts me again."
)
NOT_NOW = "A link cannot be made just now. Try again in a minute."
FOR_YOU = "It is for you alone, works once, and for ten minutes. Do not pass it on."


class Review:
    """Hands out links."""

    def __init__(self, people: People, reviewing: Reviewing | None, public_url: str | None) -> None:
        self._people = people
        self._reviewing = reviewing
        self._public_url = public_url

    async def answer(self, call: Call, text: str) -> Outgoing | None:
        """The link; None where that is not what was typed, or where whoever typed it is no manager."""
        if text != REVIEW or self._reviewing is None or not await self._people.is_manager(call.user):
            return None
        if self._public_url is None:
            return render.note(NO_ADDRESS)
        person = await self._reviewing.desk.person("slack", call.user)
        if person is None:
            return render.note(NOT_NOW)
        try:
            token = await self._reviewing.make_link(person)
        except (NotSaved, NotKnown):
            return render.note(NOT_NOW)
        except ShutOut:
            return None
        shown = link(f"{self._public_url}/review/enter?token={token}", "Open the review pages")
        said = f"{shown}\n{FOR_YOU}"
        return Outgoing(said, [section(said)])
