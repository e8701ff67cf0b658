"""The command line and the wiring: builds the parts and hands them to the handlers."""

from __future__ import annotations

import csv
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from bot.config import Settings, WrongSetting, read_settings

F = TypeVar("F", bound=Callable[..., Any])


class Failed(click.ClickException):
    """One clear line on standard error, and exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def settings_or_fail() -> Settings:
    try:
        return read_settings()
    except WrongSetting as error:
        raise Failed(str(error)) from None


def moment(text: str | None, settings: Settings) -> datetime:
    """The time to answer for: now, or `--at` where time travel is allowed. Without a zone it is London's."""
    if text is None:
        return datetime.now(UTC)
    if not settings.allow_time_travel:
        raise Failed("--at needs ALLOW_TIME_TRAVEL=1")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time; write it as 2026-11-21T22:30", param_hint="--at") from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo("Europe/London"))


at_option = click.option("--at", metavar="TIME", help="Answer as at this time (needs ALLOW_TIME_TRAVEL=1).")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Safeguarding guidance bot: answers practitioners from their partnership's own guidance.

    Without a command it starts the server, as `serve` does.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if context.invoked_subcommand is None:
        context.invoke(serve)


@main.command()
def serve() -> None:
    """Start what is configured: the page always, Slack when its tokens are set."""
    from handlers.server import run

    settings = settings_or_fail()
    try:
        run(settings)
    except WrongSetting as error:
        raise Failed(str(error)) from None


@contextmanager
def opened(settings: Settings, *, recording: bool, at: datetime | None = None) -> Iterator[Any]:
    """A desk for the command line; with `recording`, on the database."""
    from bot.answering.library import Library
    from bot.desk import Desk, now
    from bot.storage.database import DatabaseUnusable, Store, migrate

    def clock() -> datetime:
        return at or now()

    library = Library(settings.knowledge_dir, settings.partnership, settings.data_dir, clock, settings.semantic_model)
    library.open()
    store = None
    if recording:
        try:
            migrate(settings.database)
            store = Store(settings.database)
        except DatabaseUnusable as error:
            click.echo(f"{error}; going on without a record", err=True)
    try:
        yield Desk(library, store, clock)
    finally:
        if store is not None:
            store.close()


@main.command()
@click.argument("text")
@json_option
@at_option
@click.option("--agency", metavar="ID", help="Ask as somebody of this agency (see partnership.yaml).")
def ask(text: str, as_json: bool, at: str | None, agency: str | None) -> None:
    """Ask one question and print the one reply."""
    import asyncio

    from bot.access import AgencySource
    from handlers import terminal

    settings = settings_or_fail()
    when = moment(at, settings)
    with opened(settings, recording=True, at=when if at else None) as desk:
        chosen = _agency(desk, agency)
        card = desk.alarm(text, chosen)
        if card is not None and not as_json:
            click.echo(terminal.card(card) + "\n")
        _add_cached_meaning(desk, settings)
        answered = desk.answer(
            text,
            channel="terminal",
            asker="terminal",
            agency=chosen,
            agency_source=AgencySource.DECLARED,
            emergency=card is not None,
        )
        click.echo(_as_json(answered.reply, card) if as_json else terminal.reply(answered.reply))
        asyncio.run(desk.record(answered))
        if desk.library.guidance is None:
            raise Failed(f"the knowledge cannot be used: {desk.library.faults[0]}")


def _agency(desk: Any, agency_id: str | None) -> Any:
    if agency_id is None:
        return None
    known = desk.library.directory.partnership.agency_by_id
    if agency_id not in known:
        raise click.BadParameter(f"{agency_id!r} is none of {', '.join(known)}", param_hint="--agency")
    return known[agency_id]


def _add_cached_meaning(desk: Any, settings: Settings) -> None:
    """Match by meaning when the server has made the vectors; one question is not worth making them for."""
    if (settings.data_dir / "phrase-vectors.npz").is_file():
        desk.library.add_meaning()


def _as_json(reply: Any, card: Any) -> str:
    return json.dumps(
        {
            "status": reply.status.value,
            "emergency": card is not None,
            "message": reply.message,
            "answer_id": reply.answer_id,
            "shown": list(reply.shown),
            "title": reply.entry.title if reply.entry else None,
            "answer": reply.entry.answer if reply.entry else None,
            "for_agency": reply.for_agency,
            "steps": list(reply.entry.steps) if reply.entry else [],
            "must": [rule.model_dump() for rule in reply.entry.must] if reply.entry else [],
            "should": [rule.model_dump() for rule in reply.entry.should] if reply.entry else [],
            "contacts": [_contact_json(now) for now in reply.contacts],
            "emergency_card": None
            if card is None
            else {"first": card.first, "then": card.then, "contacts": [_contact_json(now) for now in card.contacts]},
            "sources": [source.model_dump() for source in reply.entry.sources] if reply.entry else [],
            "confirm_locally": reply.entry.confirm_locally if reply.entry else None,
            "draft": reply.draft,
            "found": [{"kind": f.kind.value, "start": f.start, "end": f.end} for f in reply.found],
            "without": reply.without,
            "knowledge_version": reply.knowledge_version,
        },
        ensure_ascii=False,
        indent=2,
    )


def _contact_json(now: Any) -> dict[str, Any]:
    return {
        "id": now.contact.id,
        "name": now.contact.name,
        "numbers": [number.display for number in now.contact.numbers],
        "open": now.opening.open,
        "hours": now.hours,
    }


@main.command()
@click.option("--agency", metavar="ID", help="Ask as somebody of this agency (see partnership.yaml).")
def chat(agency: str | None) -> None:
    """Chat in the terminal, with the same replies; an empty line or Ctrl-D ends it."""
    import asyncio

    from bot.access import AgencySource
    from bot.storage.questions import new_id
    from handlers import terminal

    settings = settings_or_fail()
    with opened(settings, recording=True) as desk:
        chosen = _agency(desk, agency)
        _add_cached_meaning(desk, settings)
        click.echo("Ask in your own words, without names. An empty line ends the chat.\n")
        thread, previous, offered = f"terminal:{new_id()}", None, ()
        while line := _typed():
            if line.strip().isdecimal() and 1 <= int(line) <= len(offered):
                reply = desk.show(offered[int(line) - 1], chosen)
                click.echo("\n" + terminal.reply(reply) + "\n")
                previous, offered = reply.answer_id, ()
                continue
            card = desk.alarm(line, chosen)
            if card is not None:
                click.echo("\n" + terminal.card(card))
            answered = desk.answer(
                line,
                channel="terminal",
                asker=thread,
                agency=chosen,
                agency_source=AgencySource.DECLARED,
                previous=previous,
                thread=thread,
                emergency=card is not None,
            )
            click.echo("\n" + terminal.reply(answered.reply) + "\n")
            asyncio.run(desk.record(answered))
            previous = answered.reply.answer_id or previous
            offered = tuple(entry.full_id for entry in answered.reply.others)


def _typed() -> str:
    try:
        return str(click.prompt("You", prompt_suffix="> ", default="", show_default=False))
    except click.Abort:
        click.echo()
        return ""


@main.command("eval")
@click.option("--knowledge", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--queries", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to standard output.")
@click.option("--words-only", is_flag=True, help="Leave meaning out, as where the extra `semantic` is not installed.")
@at_option
def evaluate(folder: Path | None, queries: Path, out: Path | None, words_only: bool, at: str | None) -> None:
    """Measure the chat's own answering path on a file of questions; writes no database."""
    from bot.answering.evaluation import BadQuery
    from bot.answering.evaluation import evaluate as results

    settings = settings_or_fail()
    when = moment(at, settings)
    guidance = _guidance_for(folder, settings, words_only=words_only)
    target = out.open("w", encoding="utf-8") if out else sys.stdout
    try:
        with queries.open(encoding="utf-8") as lines:
            for result in results(lines, guidance, when):
                target.write(json.dumps(result, ensure_ascii=False) + "\n")
    except BadQuery as error:
        raise Failed(f"{queries}: {error}") from None
    finally:
        if out:
            target.close()


def _guidance_for(folder: Path | None, settings: Settings, *, words_only: bool) -> Any:
    """The partnership's guidance, or that of any folder of topic files, with thresholds found from it alone."""
    from bot.answering.guidance import Guidance
    from bot.answering.matching import calibrate
    from bot.answering.matching.semantic import Encoder, NoModel
    from bot.knowledge.loading import KnowledgeFault, layers_for, layers_of, load

    layers = layers_of(settings.knowledge_dir, settings.partnership) if folder is None else layers_for(folder)
    try:
        knowledge = load(layers)
    except KnowledgeFault as fault:
        raise Failed(str(fault)) from None
    encoder = None
    if not words_only:
        try:
            encoder = Encoder.installed(settings.semantic_model)
        except NoModel as error:
            click.echo(f"matching by words alone: {error}", err=True)
    cache = settings.data_dir if folder is None else None
    if not knowledge.partnership.agencies:
        # Not a partnership's knowledge: what was found for ours would be wrong for it.
        memory = calibrate.Remembering(encoder) if encoder else None
        small_talk = list(Guidance.of(knowledge).small_talk.values())
        found = calibrate.find(knowledge, small_talk, memory)
        return Guidance.of(knowledge, encoder=memory, thresholds=found)
    return Guidance.of(knowledge, encoder=encoder, cache=cache)


@main.command()
@click.argument("text", required=False)
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON lines.")
@json_option
def identifiers(text: str | None, path: Path | None, as_json: bool) -> None:
    """Say what the privacy guard finds in TEXT, or in each line's "text" of a file."""
    from bot.knowledge.loading import KnowledgeFault, layers_of, load
    from bot.privacy import Guard

    if (text is None) == (path is None):
        raise click.UsageError("give a text, or --file")
    settings = settings_or_fail()
    try:
        guard = Guard.for_knowledge(load(layers_of(settings.knowledge_dir, settings.partnership)))
    except KnowledgeFault as fault:
        raise Failed(f"the knowledge cannot be used: {fault.faults[0]}") from None
    if path is None:
        texts = [text or ""]
    else:
        try:
            lines = path.read_text("utf-8").splitlines()
            texts = [json.loads(line)["text"] for line in lines if line.strip()]
        except (ValueError, KeyError, TypeError):
            raise Failed(f'{path}: each line must be a JSON object with "text"') from None
    for one in texts:
        found = guard.find(one)
        if as_json:
            items = [{"kind": f.kind.value, "start": f.start, "end": f.end} for f in found]
            click.echo(json.dumps({"found": items}))
        elif found:
            click.echo("; ".join(f"{f.kind.label}: {one[f.start : f.end]}" for f in found))
        else:
            click.echo("nothing that identifies a person")


@main.group()
def kb() -> None:
    """Check, measure and read the knowledge base."""


@kb.command("check")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Take advice for faults.")
def kb_check(folder: Path | None, strict: bool) -> None:
    """Say everything that is wrong, as file:line:column: path: message."""
    from bot.knowledge.checks import check

    settings = settings_or_fail()
    checked = check(folder or settings.knowledge_dir / settings.partnership)
    for fault in checked.faults:
        click.echo(str(fault), err=True)
    for fault in checked.advice:
        click.echo(f"{fault} (advice)", err=True)
    if checked.failed(strict=strict):
        count = len(checked.faults) + (len(checked.advice) if strict else 0)
        raise Failed(f"{count} to put right in {checked.entries} entries")
    click.echo(f"{checked.entries} entries, no faults")


@kb.command("stats")
@json_option
def kb_stats(as_json: bool) -> None:
    """Figures of each entry."""
    from bot.knowledge.stats import statistics

    rows = statistics(_knowledge())
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    click.echo(f"{'entry':42} phrases words  age sources contacts approval")
    for row in rows:
        click.echo(
            f"{row['id']:42} {row['phrases']:7} {row['words']:5} {row['reading_age']:4.0f} {row['sources']:7} "
            f"{row['contacts']:8} {row['approval']}" + (" confirm locally" if row["confirm_locally"] else "")
        )
    ages = sorted(row["reading_age"] for row in rows)
    drafts = sum(row["approval"] == "draft" for row in rows)
    click.echo(
        f"{len(rows)} entries, {drafts} draft; reading age: median {ages[len(ages) // 2]:.0f}, oldest {ages[-1]:.0f}"
    )


@kb.command("show")
@click.argument("entry_id", metavar="ID")
def kb_show(entry_id: str) -> None:
    """Print one entry, whole."""
    from handlers import terminal

    knowledge = _knowledge()
    entry = knowledge.entries.get(entry_id)
    if entry is None:
        raise Failed(f"{entry_id}: no such entry; `kb stats` lists them")
    click.echo(terminal.entry_text(entry))


@kb.command("explain")
@click.argument("text")
@click.option("--words-only", is_flag=True, help="Leave meaning out.")
def kb_explain(text: str, words_only: bool) -> None:
    """Say why TEXT is answered as it is: candidates, scores, thresholds."""
    from bot.answering.answer import answer, danger
    from bot.answering.reply import Asked

    guidance = _guidance_for(None, settings_or_fail(), words_only=words_only)
    reply = answer(Asked(text, datetime.now(UTC)), guidance)
    ranking = guidance.matcher.rank(text)
    limits = guidance.thresholds
    click.echo(f"status {reply.status.value}; emergency {'yes' if danger(text) else 'no'}")
    click.echo(
        f"confidence {ranking.confidence:.3f}; the answer from {limits.answer:.3f}, offered from {limits.show:.3f}; "
        f"asked to choose when the second reaches {limits.close:.0%} of the first"
    )
    click.echo("   score  words meaning  entry")
    for candidate in ranking.candidates:
        meaning = "      -" if candidate.meaning is None else f"{candidate.meaning:7.3f}"
        click.echo(f"{candidate.score:8.3f} {candidate.words:6.3f} {meaning}  {candidate.entry_id}")


def _knowledge() -> Any:
    from bot.knowledge.loading import KnowledgeFault, layers_of, load

    settings = settings_or_fail()
    try:
        return load(layers_of(settings.knowledge_dir, settings.partnership))
    except KnowledgeFault as fault:
        raise Failed(str(fault)) from None


@main.group()
def export() -> None:
    """Write records out, every column."""


@export.command("questions")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
def export_questions(form: str) -> None:
    """Questions that were asked; the text only where it passed the identifiers step."""
    from bot.storage import questions
    from bot.storage.database import DatabaseUnusable, Store, migrate
    from bot.storage.export import rows_as_csv

    settings = settings_or_fail()
    try:
        migrate(settings.database)
    except DatabaseUnusable as error:
        raise Failed(str(error)) from None
    store = Store(settings.database)
    try:
        with store.reading() as tx:
            rows = questions.exported(tx)
            columns = questions.EXPORTED
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps([dict(row) for row in rows], ensure_ascii=False, indent=1))
    else:
        rows_as_csv(columns, rows, csv.writer(sys.stdout))


@main.command()
def doctor() -> None:
    """Check settings, knowledge, database and what is installed; exits 1 where something is wrong."""
    from bot.doctor import examine

    findings = examine(settings_or_fail())
    for finding in findings:
        click.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.what}: {finding.says}")
    if not all(finding.ok for finding in findings):
        raise Failed("something is wrong; see the lines above")


if __name__ == "__main__":
    main()
