"""`kb`: check, measure and read the knowledge base."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rapidfuzz import fuzz

from bot.answering.answer import answer, danger
from bot.answering.matching.matcher import Ranking
from bot.answering.matching.thresholds import Thresholds
from bot.answering.reply import Asked, Status
from bot.knowledge.checks import check
from bot.knowledge.stats import statistics
from handlers import terminal
from handlers.command_line import past
from handlers.command_line.measuring import guidance_for
from handlers.command_line.shared import Failed, json_option, knowledge_or_fail, settings_or_fail


@click.group()
def kb() -> None:
    """Check, measure and read the knowledge base."""


@kb.command("check")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Take advice for faults.")
def kb_check(folder: Path | None, strict: bool) -> None:
    """Say everything that is wrong, as file:line:column: path: message."""
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
    knowledge = knowledge_or_fail(settings_or_fail())
    rows = statistics(knowledge)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    click.echo(f"{'entry':42} phrases words  age sources contacts approval")
    for row in rows:
        click.echo(
            f"{row['id']:42} {row['phrases']:7} {row['words']:5} {row['reading_age']:4.0f} {row['sources']:7} "
            f"{row['contacts']:8} {row['approval']}" + (" confirm locally" if row["confirm_locally"] else "")
        )
    if not rows:
        click.echo("0 entries")
        return
    for owner in dict.fromkeys(row["owner"] for row in rows):
        own = [row for row in rows if row["owner"] == owner]
        click.echo(f"{owner}: {len(own)} entries, {sum(row['approval'] == 'draft' for row in own)} draft")
    said = sum(row["confirm_locally"] for row in rows)
    click.echo(
        f"{len(knowledge.to_confirm)} points for the partnership to confirm (to-confirm.yaml); {said} entries say so"
    )
    signposts = sum(row["kind"] == "signpost" for row in rows)
    if signposts:
        click.echo(f"{len(rows) - signposts} entries of guidance, {signposts} signposts, which say who to ask")
    ages = sorted(row["reading_age"] for row in rows)
    drafts = sum(row["approval"] == "draft" for row in rows)
    click.echo(
        f"{len(rows)} entries, {drafts} draft; reading age: median {ages[len(ages) // 2]:.0f}, oldest {ages[-1]:.0f}"
    )


@kb.command("show")
@click.argument("entry_id", metavar="ID")
@click.option("--on", metavar="DATE", help="As the bot gave it on a day, such as 2026-05-03.")
def kb_show(entry_id: str, on: str | None) -> None:
    """Print one entry, whole."""
    settings = settings_or_fail()
    if on is not None:
        entry, said = past.entry_on(settings, entry_id, on)
        click.echo(f"[{said}]\n")
    else:
        knowledge = knowledge_or_fail(settings)
        if entry_id not in knowledge.entries:
            raise Failed(f"{entry_id}: no such entry; `kb stats` lists them")
        entry = knowledge.entries[entry_id]
    click.echo(terminal.entry_text(entry))


@kb.command("diff")
@click.option("--from", "start", metavar="DATE|VERSION", help="Usual: the version that was in use last.")
@click.option("--to", "end", metavar="DATE|VERSION", help="Usual: the files as they stand.")
def kb_diff(start: str | None, end: str | None) -> None:
    """Say what changed between two states of the knowledge."""
    settings = settings_or_fail()
    before, before_name = past.last_in_use(settings) if start is None else past.knowledge_at(settings, start)
    after, after_name = past.knowledge_at(settings, end)
    click.echo(f"From {before_name} to {after_name}:")
    click.echo("\n".join(past.differences(before, after)) or "nothing changed")


@kb.command("explain")
@click.argument("text")
@click.option("--words-only", is_flag=True, help="Leave meaning out.")
def kb_explain(text: str, words_only: bool) -> None:
    """Say why TEXT is answered as it is: candidates, scores, thresholds."""
    guidance = guidance_for(None, settings_or_fail(), words_only=words_only)
    reply = answer(Asked(text, datetime.now(UTC)), guidance)
    ranking = guidance.matcher.rank(text)
    click.echo(f"status {reply.status.value}; emergency card {'yes' if danger(text) else 'no'}")
    click.echo(_why(reply.status, ranking, guidance.thresholds))
    click.echo("   score  words meaning  entry, and its phrase that is most like the question")
    for candidate in ranking.candidates:
        meaning = "      -" if candidate.meaning is None else f"{candidate.meaning:7.3f}"
        click.echo(f"{candidate.score:8.3f} {candidate.words:6.3f} {meaning}  {candidate.entry_id}")
        entry = guidance.entry(candidate.entry_id)
        if entry is not None and entry.phrases:
            nearest = max(entry.phrases, key=lambda phrase: fuzz.token_sort_ratio(text.lower(), phrase.lower()))
            click.echo(f"                         {nearest}")


def _why(status: Status, ranking: Ranking, limits: Thresholds) -> str:
    """The decision in a sentence, with its numbers."""
    sure = f"confidence {ranking.confidence:.3f}"
    match status:
        case Status.ANSWERED:
            return f"{sure} reaches {limits.answer:.3f}: the best entry is the answer"
        case Status.CHOOSE if ranking.confidence >= limits.answer:
            return f"{sure} is enough, but the second reaches {limits.close:.0%} of the first: the asker chooses"
        case Status.CHOOSE:
            return f"{sure} is between {limits.show:.3f} and {limits.answer:.3f}: the asker chooses"
        case Status.NO_GUIDANCE:
            return f"{sure} is below {limits.show:.3f}: nothing is shown"
        case Status.SMALL_TALK | Status.INDIVIDUAL_CASE:
            return f"{sure}; answered from {limits.answer:.3f}, offered from {limits.show:.3f}"
    return f"stopped before matching ({status.value}); {sure}"
