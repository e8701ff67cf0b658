"""The database's shape, one step after the other. A step that failed leaves nothing behind; a step that ran stays.

Times are ISO-8601 UTC text, so that the same SQL can serve another database.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("safeguarding-bot")


@migrations()
def m001_people_and_questions(db: Database) -> None:
    """Who asked, what was asked, what was answered from, and what people thought of it."""
    db.executescript(
        """
        CREATE TABLE people (
            id TEXT PRIMARY KEY,
            channel TEXT NOT NULL,
            channel_user_id TEXT,
            email TEXT,
            agency TEXT,
            agency_source TEXT NOT NULL DEFAULT 'unknown'
                CHECK (agency_source IN ('domain', 'remembered', 'declared', 'unknown')),
            UNIQUE (channel, channel_user_id)
        ) STRICT;

        CREATE TABLE knowledge_versions (
            version TEXT PRIMARY KEY,
            first_used TEXT NOT NULL,
            content TEXT NOT NULL
        ) STRICT;

        CREATE TABLE questions (
            id TEXT PRIMARY KEY,
            at TEXT NOT NULL,
            channel TEXT NOT NULL,
            person_id TEXT REFERENCES people (id),
            agency TEXT,
            agency_source TEXT NOT NULL DEFAULT 'unknown'
                CHECK (agency_source IN ('domain', 'remembered', 'declared', 'unknown')),
            thread TEXT,
            text TEXT,
            status TEXT NOT NULL,
            emergency INTEGER NOT NULL DEFAULT 0,
            entry TEXT,
            score REAL,
            knowledge_version TEXT REFERENCES knowledge_versions (version),
            ms REAL NOT NULL
        ) STRICT;
        CREATE INDEX questions_by_time ON questions (at);
        CREATE INDEX questions_by_thread ON questions (thread, at) WHERE thread IS NOT NULL;

        CREATE TABLE verdicts (
            id TEXT PRIMARY KEY,
            question_id TEXT NOT NULL REFERENCES questions (id),
            at TEXT NOT NULL,
            person_id TEXT REFERENCES people (id),
            helpful INTEGER NOT NULL,
            missing TEXT
        ) STRICT;
        CREATE INDEX verdicts_by_question ON verdicts (question_id);

        CREATE TABLE claims (
            key TEXT PRIMARY KEY,
            at TEXT NOT NULL,
            result TEXT
        ) STRICT;
        CREATE INDEX claims_by_time ON claims (at);
        """
    )


@migrations()
def m002_events_and_outbox(db: Database) -> None:
    """The history of tickets, which is only ever added to, and the messages waiting to be delivered.

    A ticket's typed text stands apart from its event (`event_bodies`), so that retention can remove the text and
    leave a chain that can still be verified.
    """
    db.executescript(
        """
        CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;

        CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            ticket TEXT NOT NULL,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            person_id TEXT REFERENCES people (id),
            body_digest TEXT,
            prev TEXT,
            mac TEXT NOT NULL
        ) STRICT;
        CREATE INDEX events_by_ticket ON events (ticket, seq);

        CREATE TABLE event_bodies (
            seq INTEGER PRIMARY KEY REFERENCES events (seq),
            salt TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT;

        CREATE TABLE outbox (
            id TEXT PRIMARY KEY,
            created TEXT NOT NULL,
            due TEXT NOT NULL,
            channel TEXT NOT NULL,
            recipient TEXT NOT NULL,
            message TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            last_error TEXT,
            delivered TEXT,
            given_up TEXT
        ) STRICT;
        CREATE INDEX outbox_waiting ON outbox (due) WHERE delivered IS NULL AND given_up IS NULL;

        CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
        CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
        """
    )


@migrations()
def m003_knowledge_in_use_and_what_people_report(db: Database) -> None:
    """Which version of the knowledge was in use from when on; corrections that people suggest; quick records."""
    db.executescript(
        """
        CREATE TABLE knowledge_in_use (
            since TEXT NOT NULL,
            version TEXT NOT NULL REFERENCES knowledge_versions (version),
            told INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX knowledge_in_use_by_time ON knowledge_in_use (since);
        INSERT INTO knowledge_in_use (since, version, told)
            SELECT first_used, version, 1 FROM knowledge_versions ORDER BY first_used;

        CREATE TABLE corrections (
            id TEXT PRIMARY KEY,
            at TEXT NOT NULL,
            entry TEXT NOT NULL,
            knowledge_version TEXT REFERENCES knowledge_versions (version),
            text TEXT NOT NULL,
            channel TEXT NOT NULL,
            person_id TEXT REFERENCES people (id),
            agency TEXT,
            settled TEXT,
            settled_as TEXT CHECK (settled_as IN ('changed', 'kept'))
        ) STRICT;
        CREATE INDEX corrections_open ON corrections (entry) WHERE settled IS NULL;

        CREATE TABLE quick_records (
            reference TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            channel TEXT NOT NULL,
            person_id TEXT REFERENCES people (id),
            agency TEXT,
            contact TEXT,
            rang_at TEXT,
            waited TEXT,
            did TEXT
        ) STRICT;
        CREATE INDEX quick_records_by_time ON quick_records (at);
        """
    )


@migrations()
def m004_agency_is_asked_once(db: Database) -> None:
    """Whether somebody was asked for their agency, so that nobody is asked twice."""
    db.execute("ALTER TABLE people ADD COLUMN agency_asked INTEGER NOT NULL DEFAULT 0")


@migrations()
def m005_the_switch(db: Database) -> None:
    """When guidance was switched off and on again, why, and by whom."""
    db.executescript(
        """
        CREATE TABLE switchings (
            seq INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            off INTEGER NOT NULL,
            reason TEXT,
            person_id TEXT REFERENCES people (id)
        ) STRICT;
        """
    )


@migrations()
def m006_escalations(db: Database) -> None:
    """Escalations: how each stands after its last event, worked out anew with every event, and what is to be told.

    An event's choices and dates stay for good in `data`; what was typed stands in `event_bodies`.
    """
    db.executescript(
        """
        ALTER TABLE events ADD COLUMN side TEXT NOT NULL DEFAULT 'bot';
        ALTER TABLE events ADD COLUMN data TEXT NOT NULL DEFAULT '{}';

        CREATE TABLE policies (version TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;

        CREATE TABLE tickets (
            reference TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            opened_at TEXT NOT NULL,
            raiser TEXT REFERENCES people (id),
            raising TEXT NOT NULL,
            receiving TEXT NOT NULL,
            reason TEXT NOT NULL,
            policy TEXT NOT NULL REFERENCES policies (version),
            stage TEXT NOT NULL,
            stand TEXT NOT NULL,
            urgent INTEGER NOT NULL,
            move TEXT,
            due TEXT,
            next_look TEXT,
            told_at TEXT,
            acknowledged_at TEXT,
            closed_at TEXT,
            closed_as TEXT,
            outcome TEXT,
            change TEXT,
            child_safe TEXT,
            voice TEXT
        ) STRICT;
        CREATE INDEX tickets_by_look ON tickets (next_look) WHERE next_look IS NOT NULL;
        CREATE INDEX tickets_by_raiser ON tickets (raiser);

        CREATE TABLE ticket_people (
            ticket TEXT NOT NULL REFERENCES tickets (reference),
            person_id TEXT NOT NULL REFERENCES people (id),
            PRIMARY KEY (ticket, person_id)
        ) STRICT;
        CREATE INDEX ticket_people_by_person ON ticket_people (person_id);

        ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
        ALTER TABLE outbox ADD COLUMN ticket TEXT;
        ALTER TABLE outbox ADD COLUMN dedupe TEXT;
        ALTER TABLE outbox ADD COLUMN wait INTEGER;
        CREATE UNIQUE INDEX outbox_dedupe ON outbox (dedupe) WHERE dedupe IS NOT NULL;

        CREATE TABLE posted (
            ticket TEXT NOT NULL,
            channel TEXT NOT NULL,
            recipient TEXT NOT NULL,
            message_id TEXT NOT NULL,
            PRIMARY KEY (ticket, channel, recipient)
        ) STRICT;

        ALTER TABLE quick_records ADD COLUMN data TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE quick_records ADD COLUMN text TEXT;
        """
    )


@migrations()
def m007_feedback_requests(db: Database) -> None:
    """Feedback requests stand beside escalations: what only one kind of ticket has may be empty for the other."""
    db.executescript(
        """
        CREATE TABLE tickets_of_each_kind (
            reference TEXT PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('escalation', 'feedback')),
            opened_at TEXT NOT NULL,
            raiser TEXT REFERENCES people (id),
            raising TEXT NOT NULL,
            policy TEXT NOT NULL REFERENCES policies (version),
            stand TEXT NOT NULL,
            move TEXT,
            due TEXT,
            next_look TEXT,
            closed_at TEXT,
            closed_as TEXT,

            receiving TEXT,
            reason TEXT,
            stage TEXT,
            urgent INTEGER,
            told_at TEXT,
            acknowledged_at TEXT,
            outcome TEXT,
            change TEXT,
            child_safe TEXT,
            voice TEXT,

            setting TEXT,
            needs TEXT,
            referred_at TEXT,
            expected_at TEXT,
            asked_at TEXT,
            found_at TEXT,
            taken INTEGER,
            answered_at TEXT,
            working_minutes INTEGER,
            how_told TEXT,
            told_by TEXT,
            satisfied TEXT,
            escalation TEXT
        ) STRICT;
        INSERT INTO tickets_of_each_kind (
            reference, kind, opened_at, raiser, raising, policy, stand, move, due, next_look, closed_at, closed_as,
            receiving, reason, stage, urgent, told_at, acknowledged_at, outcome, change, child_safe, voice
        ) SELECT
            reference, kind, opened_at, raiser, raising, policy, stand, move, due, next_look, closed_at, closed_as,
            receiving, reason, stage, urgent, told_at, acknowledged_at, outcome, change, child_safe, voice
        FROM tickets;

        CREATE TABLE people_on_tickets (
            ticket TEXT NOT NULL REFERENCES tickets_of_each_kind (reference),
            person_id TEXT NOT NULL REFERENCES people (id),
            PRIMARY KEY (ticket, person_id)
        ) STRICT;
        INSERT INTO people_on_tickets SELECT ticket, person_id FROM ticket_people;
        DROP TABLE ticket_people;
        DROP TABLE tickets;
        ALTER TABLE tickets_of_each_kind RENAME TO tickets;
        ALTER TABLE people_on_tickets RENAME TO ticket_people;

        CREATE INDEX tickets_by_look ON tickets (next_look) WHERE next_look IS NOT NULL;
        CREATE INDEX tickets_by_raiser ON tickets (raiser);
        CREATE INDEX ticket_people_by_person ON ticket_people (person_id);
        CREATE INDEX tickets_with_mash ON tickets (expected_at) WHERE kind = 'feedback' AND closed_at IS NULL;
        """
    )


@migrations()
def m008_figures(db: Database) -> None:
    """What figures are counted from: the last verdict on a question, the stages of an escalation, and indexes.

    The clockwork looks once at each escalation that went on before, and fills its stages in.
    """
    db.executescript(
        """
        CREATE TABLE ticket_stages (
            ticket TEXT NOT NULL REFERENCES tickets (reference),
            stage TEXT NOT NULL,
            began TEXT NOT NULL,
            ended TEXT,
            working_days INTEGER,
            in_time INTEGER,
            PRIMARY KEY (ticket, stage)
        ) STRICT;
        ALTER TABLE tickets ADD COLUMN acknowledged_minutes INTEGER;
        UPDATE tickets SET next_look = opened_at WHERE kind = 'escalation';

        CREATE INDEX tickets_by_opening ON tickets (kind, opened_at);
        CREATE INDEX tickets_open ON tickets (kind, opened_at, raising) WHERE closed_at IS NULL;
        CREATE INDEX outbox_troubled ON outbox (given_up) WHERE delivered IS NULL AND attempts > 0;

        ALTER TABLE questions ADD COLUMN helpful INTEGER;
        UPDATE questions SET helpful =
            (SELECT helpful FROM verdicts WHERE question_id = questions.id ORDER BY at DESC, id DESC LIMIT 1);
        CREATE INDEX questions_by_group ON questions (at, status, entry, agency, channel, helpful, emergency);
        DROP INDEX questions_by_time;
        """
    )


@migrations()
def m009_digests(db: Database) -> None:
    """Each weekly digest is queued once, and it is counted where one may have been sent twice."""
    db.executescript(
        """
        CREATE TABLE digests (
            week TEXT NOT NULL,
            audience TEXT NOT NULL CHECK (audience IN ('managers', 'practitioners')),
            recipient TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (week, audience, recipient)
        ) STRICT;
        ALTER TABLE outbox ADD COLUMN sending TEXT;
        ALTER TABLE outbox ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
        """
    )


@migrations()
def m010_review(db: Database) -> None:
    """The doors of the review pages. A link and a session are secrets: only their SHA-256 is kept."""
    db.executescript(
        """
        CREATE TABLE review_links (
            digest TEXT PRIMARY KEY,
            person_id TEXT NOT NULL REFERENCES people (id),
            made TEXT NOT NULL,
            ends TEXT NOT NULL,
            used TEXT
        ) STRICT;
        CREATE TABLE review_sessions (
            digest TEXT PRIMARY KEY,
            person_id TEXT NOT NULL REFERENCES people (id),
            began TEXT NOT NULL,
            seen TEXT NOT NULL
        ) STRICT;
        CREATE TABLE review_refusals (
            day TEXT NOT NULL,
            why TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (day, why)
        ) STRICT;
        """
    )
