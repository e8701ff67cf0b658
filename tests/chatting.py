"""The command line on a small town, and conversations in `chat` as scripts: what is typed, and what comes for it."""

from slack_workspace import rows_of
from test_command_line import flat, ran
from ticketing import town

from bot.config import ROOT

FROM_SCHOOL = ("--agency", "high-school")
SETTINGS = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_API_URL",
    "ALLOW_TIME_TRAVEL",
    "MANAGERS",
    "ESCALATIONS_CHANNEL",
    "MASH_OFFICERS",
    "MASH_CHANNEL",
    "PORT",
)


def town_at_the_command_line(smalltown, tmp_path, monkeypatch):
    """A small town whose agencies have leads, and nothing of the settings of whoever runs the tests; its folder."""
    for line in SETTINGS:
        monkeypatch.delenv(line, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERSHIP", "smalltown")
    monkeypatch.setenv("KNOWLEDGE_DIR", str(smalltown.parent))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/safeguarding.db")
    return town(smalltown, ROOT / "knowledge" / "england")


def chatted(*script, agency=FROM_SCHOOL):
    """Type each line of a script; what is said for it must come in this order. Everything that was printed."""
    printed = ran("chat", *agency, typed="".join(f"{typed}\n" for typed, *_ in script))
    shown, place = flat(printed), 0
    for typed, *expected in script:
        for words in expected:
            found = shown.find(words, place)
            assert found >= 0, f"{words!r} does not come for {typed!r} after {shown[max(place - 300, 0) : place]!r}"
            place = found + len(words)
    return shown


def number_of(label, reference):
    """The number under which a move is offered just now."""
    shown = ran("chat", *FROM_SCHOOL, typed=f"ticket {reference}\n\n")
    (line,) = (line for line in shown.splitlines() if line.endswith(f". {label}"))
    return line.split(".")[0].strip()


def events_in(database):
    return rows_of(database, "SELECT ticket, kind, side, data FROM events ORDER BY seq")
