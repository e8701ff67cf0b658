"""`kb approve`, `kb new` and `kb schema`: what an editor's commands write."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bot.config import Settings
from bot.knowledge import approvals, schema
from bot.knowledge.editing import Added, NotAdded, add_entry, add_phrases
from bot.knowledge.loading import examine, layers_of
from bot.knowledge.merging import drafted
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.shapes import FULL_ID
from bot.knowledge.writing import CannotAdd
from bot.privacy import Guard
from handlers import wording
from handlers.command_line.shared import Failed, first_of_faults, knowledge_or_fail, settings_or_fail

REVIEWED_AFTER = timedelta(days=182)


@click.command("approve")
@click.argument("entry_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--by", metavar="ROLE", help="The role or group that approves, never a person's name.")
@click.option("--on", metavar="DATE", help="The day of the decision, such as 2027-01-12. Usual: today.")
@click.option("--withdraw", is_flag=True, help="Take the approval back.")
def kb_approve(entry_ids: tuple[str, ...], by: str | None, on: str | None, withdraw: bool) -> None:
    """Approve what entries say now. A later change of the text makes it a draft again."""
    settings = _writable_or_fail()
    if (by is None) is not withdraw:
        raise click.UsageError("give --by ROLE, or --withdraw")
    if by is not None and not 1 <= len(by.strip()) <= 600:
        raise click.BadParameter("give the role or group in a few words", param_hint="--by")
    day = _day_or_fail(on)
    if by is not None and Guard().find(by):
        raise Failed(f"{by!r} looks like a person. Give the role or group, such as 'Policy subgroup'")
    loaded = examine(layers_of(settings.knowledge_dir, settings.partnership))
    if loaded.faults:
        raise Failed(first_of_faults(loaded.faults))
    entries = drafted(loaded.sources)
    unknown = [full_id for full_id in entry_ids if full_id not in entries]
    if unknown:
        raise Failed(f"{unknown[0]}: no such entry; `kb stats` lists them. Nothing was changed")
    folder = settings.knowledge_dir / settings.partnership
    for full_id in entry_ids:
        try:
            if by is None:
                done = approvals.withdraw(folder, full_id)
                click.echo(f"{full_id}: {'is a draft again' if done else 'was not approved'}")
            else:
                approvals.approve(folder, entries[full_id], by.strip(), day)
                click.echo(f"{full_id}: approved by {by.strip()} on {wording.day(day)}")
        except OSError as error:
            raise Failed(f"{full_id}: cannot be written: {error.strerror}") from None


@click.command("new")
@click.argument("entry_id", metavar="ID", required=False)
@click.option("--title", help="A short heading. Needed for a new entry.")
@click.option("--answer", help="What practitioners read. Without it your text editor opens.")
@click.option("--phrase", "phrases", multiple=True, metavar="TEXT", help="How people ask for it; may be repeated.")
@click.option("--contact", "contacts", multiple=True, metavar="ID", help="Whom to ring (contacts.yaml); repeatable.")
@click.option("--source", "sources", multiple=True, metavar="TITLE|DATE", help="Where it comes from; repeatable.")
@click.option("--signpost", is_flag=True, help="It holds no guidance and says who to ask.")
@click.option("--topic-title", help="The heading of the topic, where the topic is new too.")
def kb_new(
    entry_id: str | None,
    title: str | None,
    answer: str | None,
    phrases: tuple[str, ...],
    contacts: tuple[str, ...],
    sources: tuple[str, ...],
    signpost: bool,
    topic_title: str | None,
) -> None:
    """Add an entry as topic.name, a draft; or, to an entry that there is, more phrases.

    Whatever is added goes into the partnership's own files, after a check that they can be used with it.
    """
    settings = _writable_or_fail()
    if entry_id is None:
        entry_id = _asked_for("Its id, as topic.name (such as safer-sleep.twins)", "an ID is needed")
    if not re.fullmatch(FULL_ID, entry_id):
        raise click.BadParameter(f"{entry_id!r} is not in the form topic.name, such as safer-sleep.twins")
    layers = layers_of(settings.knowledge_dir, settings.partnership)
    knowledge = knowledge_or_fail(settings)
    topic, _, name = entry_id.partition(".")
    try:
        if entry_id in knowledge.entries:
            added = add_phrases(layers, entry_id, _new_phrases(knowledge, entry_id, phrases, title, answer))
        else:
            fields = {"id": name, **_fields(title, answer, contacts, sources, phrases, signpost=signpost)}
            added = add_entry(layers, topic, None if topic in knowledge.topics else topic_title, fields)
    except NotAdded as error:
        raise Failed(f"nothing was added: {first_of_faults(error.faults)}") from None
    except CannotAdd as error:
        raise Failed(f"nothing was added: {error}") from None
    except OSError as error:
        raise Failed(f"nothing was added: {error.strerror}") from None
    _say_added(entry_id, added, settings)


def _new_phrases(
    knowledge: KnowledgeBase, entry_id: str, phrases: tuple[str, ...], title: str | None, answer: str | None
) -> list[str]:
    if title or answer:
        raise Failed(f"{entry_id} is there already: change its title and answer in its file, or choose another name")
    known = {phrase.lower() for phrase in knowledge.entries[entry_id].phrases}
    fresh = [phrase for phrase in dict.fromkeys(p.strip() for p in phrases) if phrase and phrase.lower() not in known]
    if not fresh:
        raise Failed(f"{entry_id} is there already; give it phrases that it does not have, with --phrase")
    return fresh


def _fields(
    title: str | None,
    answer: str | None,
    contacts: tuple[str, ...],
    sources: tuple[str, ...],
    phrases: tuple[str, ...],
    *,
    signpost: bool,
) -> dict[str, Any]:
    title = title or _asked_for("Its title", "a new entry needs --title")
    text = answer if answer is not None else _typed_answer(title)
    if not text or not text.strip():
        raise Failed("nothing was added: an entry needs an answer (--answer)")
    today = datetime.now(UTC).date()
    fields: dict[str, Any] = {"title": title, "answer": text.strip() + "\n"}
    if contacts:
        fields["contacts"] = list(contacts)
    if signpost:
        fields["kind"] = "signpost"
    if sources:
        fields["sources"] = [_source(source) for source in sources]
    return (
        fields
        | {
            "compiled": today.isoformat(),
            "approval": {"status": "draft"},
            "review_by": (today + REVIEWED_AFTER).isoformat(),
        }
        | ({"phrases": list(phrases)} if phrases else {})
    )


def _asked_for(question: str, otherwise: str) -> str:
    """What is typed in a terminal; elsewhere nobody can be asked."""
    if not sys.stdin.isatty():
        raise click.UsageError(otherwise)
    return str(click.prompt(question)).strip()


def _typed_answer(title: str) -> str | None:
    """The answer from the editor's own text editor, where there is a terminal."""
    if not sys.stdin.isatty():
        raise click.UsageError("a new entry needs --answer (in a terminal, your text editor opens for it)")
    hint = f"\n# The answer to: {title}\n# 40 to 120 words; say first what to do. These lines are left out.\n"
    typed: str | None = click.edit(hint, extension=".md")
    return None if typed is None else "\n".join(line for line in typed.splitlines() if not line.startswith("#"))


def _source(text: str) -> dict[str, str]:
    title, _, day = text.partition("|")
    return {"title": title.strip()} | ({"date": day.strip()} if day.strip() else {})


def _say_added(entry_id: str, added: Added, settings: Settings) -> None:
    click.echo(f"{entry_id}: added to {settings.partnership}/{added.path.name}")
    if added.open:
        click.echo("`kb check --strict` still asks for:")
    for fault in added.open:
        click.echo(f"  {fault}")


@click.command("schema")
def kb_schema() -> None:
    """Write the JSON Schemas that let text editors complete and check the YAML files."""
    settings = _writable_or_fail()
    try:
        for path in schema.write(settings.knowledge_dir):
            click.echo(f"{path.parent.name}/{path.name}")
    except OSError as error:
        raise Failed(f"the schemas cannot be written: {error.strerror}") from None


@click.command("print")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to standard output.")
def kb_print(out: Path | None) -> None:
    """All guidance as one page (HTML) to print: for the wall, and for when chat is down."""
    # Imported here: the other commands need no web server.
    from handlers.web.guidance import standalone

    settings = settings_or_fail()
    page = standalone(knowledge_or_fail(settings), settings.public_url, datetime.now(UTC))
    if out is None:
        click.echo(page)
        return
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise Failed(f"{out}: {error.strerror}") from None
    click.echo(
        f"{out}: open it in a browser and print" + ("" if settings.public_url else "; set PUBLIC_URL for a QR code")
    )


COMMANDS = (kb_approve, kb_new, kb_schema, kb_print)


def _writable_or_fail() -> Settings:
    settings = settings_or_fail()
    if not settings.knowledge_writable:
        raise Failed("KNOWLEDGE_WRITABLE=0: the knowledge is changed elsewhere, not by commands here")
    return settings


def _day_or_fail(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day; write it as 2027-01-12", param_hint="--on") from None
