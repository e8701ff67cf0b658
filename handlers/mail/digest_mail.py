"""A digest as a file that somebody opens in their mail program, gives recipients, and sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from bot.reporting.digest import Digest
from handlers import digest_text

LONGEST_LINE = 998
"""Of a mail. A subject is not parted before that."""
ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")


def message(made: Digest, sender: str | None) -> bytes:
    """The file: plain text and HTML, from `sender` if given, without recipients. What people typed is not in it."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(made.title.split())
    if sender is not None:
        mail["From"] = sender
    mail["X-Unsent"] = "1"  # mail programs open it as a draft
    mail.set_content("\n".join(digest_text.lines(made, quoting=False)) + "\n")
    body = "\n".join(["<!doctype html>", "<html><body>", *_html(made), "</body></html>"])
    mail.add_alternative(body + "\n", subtype="html")
    return mail.as_bytes(policy=SMTP.clone(max_line_length=LONGEST_LINE))


def _html(made: Digest) -> Iterator[str]:
    yield f"<h1>{_linked(made.title)}</h1>"
    yield f"<p>{_linked(made.lead)}</p>"
    if made.measures:
        yield "<table border='1' cellpadding='4'>"
        yield "<tr><th>Figure</th><th>The week</th><th>The week before</th></tr>"
        for one in made.measures:
            cells = (one.name, one.shown(one.now), one.shown(one.before))
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        yield "</table>"
    for part in made.parts:
        if not part.typed:
            items = "".join(f"<li>{_linked(line)}</li>" for line in part.lines)
            yield f"<h2>{_linked(part.heading)}</h2>\n<ul>{items}</ul>"


def _linked(text: str) -> str:
    """A text with its addresses as links."""
    linked, position = "", 0
    for found in ADDRESS.finditer(text):
        address = escape(found.group())
        linked += f'{escape(text[position : found.start()])}<a href="{address}">{address}</a>'
        position = found.end()
    return linked + escape(text[position:])
