"""Which agency somebody works in: asked once, worked out from the e-mail address, changed on Home."""

from __future__ import annotations

from bot.access import AgencySource, Person
from bot.knowledge.partnership import Agency
from handlers.slack import render
from handlers.slack.call import Call
from handlers.slack.people import People
from handlers.slack.questions import Questions

NOT_SAVED = "Not saved. Choose again in a moment, please."


class Agencies:
    """Learns and keeps people's agencies."""

    def __init__(self, questions: Questions, people: People) -> None:
        self.desk = questions.desk
        self._questions = questions
        self._people = people

    async def choose(self, call: Call) -> Agency | None:
        """Keep what was chosen; None where there is no such agency, or where it could not be kept."""
        agency = self.desk.library.directory.partnership.agency_by_id.get(call.chosen)
        person = await self.desk.person("slack", call.user)
        if agency is None or person is None:
            return None
        if not await self.desk.set_agency(person, agency, AgencySource.DECLARED):
            return None
        self._questions.remember_agency(call.user, agency)
        return agency

    async def on_chosen(self, call: Call) -> None:
        """The menu below an answer."""
        agency = await self.choose(call)
        said = f"Noted: {agency.name}. You can change it on my Home tab." if agency else NOT_SAVED
        await call.privately(render.note(said))

    async def learn(self, user: str, person: Person) -> None:
        """Work out the agency from the e-mail address, where the app may see it. Nothing is asked of anybody."""
        partnership = self.desk.library.directory.partnership
        if person.agency is not None or not any(agency.domains for agency in partnership.agencies):
            return
        profile = await self._people.profile(user)
        agency = partnership.agency_for_email(profile.email) if profile and profile.email else None
        if agency is not None and await self.desk.set_agency(person, agency, AgencySource.DOMAIN):
            self._questions.remember_agency(user, agency)
