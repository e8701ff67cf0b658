"""Fixtures that several files share."""

import shutil
from pathlib import Path

import pytest

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load

BROWSER_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
PARTNERSHIP = """
name: Smalltown Safeguarding Children Partnership
emergency_contacts: [front-door, duty-team]
agencies:
  - {id: high-school, name: High School, kind: school}
  - {id: town-police, name: Town Police, kind: police}
"""
CONTACTS = """
contacts:
  - id: front-door
    name: Smalltown front door
    numbers: [{display: "01632 960001", dial: "+441632960001"}]
    hours: {mon-fri: "09:00-17:00"}
    out_of_hours: duty-team
  - id: duty-team
    name: Smalltown duty team
    numbers: [{display: "01632 960002", dial: "+441632960002"}]
    hours: {when_closed: front-door}
"""
PRIVATE_FOSTERING = """
topic: private-fostering
title: Private fostering
entries:
  - id: definition
    title: What private fostering is
    answer: A child lives with somebody who is no close relative for 28 days or more. Tell the council.
    contacts: [front-door]
    for: {police: Use your own form as well.}
    phrases: [what is private fostering, who is privately fostered, meaning of private fostering]
  - id: close-relative
    title: Who counts as a close relative
    answer: A grandparent, brother, sister, uncle, aunt or step-parent.
    phrases: [who counts as a close relative, is a cousin a close relative]
"""
SAFER_SLEEP = """
topic: safer-sleep
title: Safer sleep
entries:
  - id: position
    title: Position
    answer: On the back, in a clear cot.
    phrases: [leaflet for new parents]      # asked of both, so that a practitioner must choose
  - id: room
    title: Bedroom
    answer: In your room for six months.
    phrases: [leaflet for new parents]
"""


@pytest.fixture
def smalltown(tmp_path) -> Path:
    """A folder of knowledge with one tiny partnership in it, `smalltown`; a test may change it."""
    return _written(tmp_path / "knowledge" / "smalltown")


@pytest.fixture(scope="session")
def lasting_smalltown(tmp_path_factory) -> Path:
    """The same for all tests together; nobody changes it."""
    return _written(tmp_path_factory.mktemp("lasting") / "knowledge" / "smalltown")


def _written(folder):
    folder.mkdir(parents=True)
    for name, content in {
        "partnership": PARTNERSHIP,
        "contacts": CONTACTS,
        "private-fostering": PRIVATE_FOSTERING,
        "safer-sleep": SAFER_SLEEP,
    }.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def barnsley() -> Guidance:
    """The shipped knowledge of Barnsley, indexed by words alone; nobody changes it."""
    return Guidance.of(load(layers_of(ROOT / "knowledge", "barnsley")))


@pytest.fixture
def stand_in():
    """Slack's Web API on this machine. A message that breaks Slack's limits fails the test."""
    from slack_stand_in import standing_in

    with standing_in() as running:
        yield running


@pytest.fixture
def link(stand_in):
    """Slack's websockets."""
    from socket_stand_in import Link

    with Link() as running:
        stand_in.link = running
        yield running


@pytest.fixture
def start_bot(tmp_path, barnsley, stand_in, monkeypatch):
    """Starts the bot on the same database each time; what is still running is stopped afterwards."""
    from slack_workspace import Workspace

    from handlers import clockwork

    monkeypatch.setattr(clockwork, "OUTBOX_SECONDS", 0.02)
    started = []

    def start(guidance=barnsley, **more):
        started.append(Workspace(stand_in, tmp_path / "data" / "safeguarding.db", guidance, **more))
        return started[-1]

    yield start
    for workspace in started:
        workspace.stop()


@pytest.fixture
def start_linked(tmp_path, barnsley, stand_in, link):
    """The same in socket mode."""
    from slack_workspace import Linked

    started = []

    def start(**more):
        started.append(Linked(stand_in, tmp_path / "data" / "safeguarding.db", barnsley, **more))
        return started[-1]

    yield start
    for bot in started:
        bot.stop()


@pytest.fixture
def bot(start_bot):
    """The bot with Barnsley's guidance, behind Slack's signed HTTP."""
    return start_bot()


@pytest.fixture(scope="module")
def chromium():
    """A real browser; tests that need it are skipped, with the reason, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed")
    # Closed with the module: while it is open, no other test of this thread could run an event loop.
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()
