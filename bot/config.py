"""Settings, read once from the environment and `.env`; a wrong one stops the program with one clear line."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
SHORTEST_KEY = 32
"""Characters."""


class WrongSetting(Exception):
    """A setting is missing or cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class SlackSettings:
    """What Slack needs: over HTTP the signing secret, in socket mode the app's token."""

    bot_token: str
    signing_secret: str | None
    api_url: str
    team_ids: frozenset[str]
    """Workspaces that may ask; empty means only the one that the token belongs to."""
    team_agencies: Mapping[str, str] = field(default_factory=dict)
    """The agency of everybody in a workspace, where it is one agency's."""
    private_channels: frozenset[str] = frozenset()
    """Channels in which the bot answers so that only the asker sees it."""
    silent_channels: frozenset[str] = frozenset()
    """Channels in which the bot answers nothing but an emergency, and that to the asker alone."""
    app_token: str | None = None
    """Set: socket mode, and nothing is taken over HTTP."""


@dataclass(frozen=True)
class Settings:
    """All settings of one run. `.env.example` explains each."""

    partnership: str
    knowledge_dir: Path
    database: Path
    host: str
    port: int
    secret_key: str | None
    public_url: str | None
    """Where practitioners reach the page, without a slash at the end."""
    knowledge_writable: bool
    """Whether commands may write into the knowledge's folder."""
    managers: tuple[str, ...]
    """Slack user ids, user groups or e-mail addresses."""
    news_channel: str | None
    digest_channel: str | None
    """Where the managers' weekly digest goes; without one, to each of the managers."""
    escalations_channel: str | None
    mash_channel: str | None
    mash_officers: tuple[str, ...]
    slack: SlackSettings | None
    mail_from: str | None
    """Who e-mail is from, such as "Guidance bot <guidance@example.org>"."""
    semantic_model: Path | None
    allow_time_travel: bool

    @property
    def data_dir(self) -> Path:
        """The folder beside the database: the last good copy of the contacts, caches and the secret key."""
        return self.database.parent

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_settings(environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
    """Read the settings; what stands in the environment goes before what stands in `.env`.

    Raises: WrongSetting.
    """
    here = dotenv if dotenv is not None else Path(".env")
    try:
        merged = {name: value for name, value in dotenv_values(here).items() if value is not None}
    except (OSError, UnicodeDecodeError):
        raise WrongSetting(f"{here} cannot be read; save it as UTF-8 text") from None
    merged.update(os.environ if environment is None else environment)
    values = {name: value.strip() for name, value in merged.items() if value.strip()}

    knowledge_dir = Path(values.get("KNOWLEDGE_DIR", str(ROOT / "knowledge")))
    partnership = values.get("PARTNERSHIP", "barnsley")
    if not (knowledge_dir / partnership).is_dir():
        known = ", ".join(sorted(p.parent.name for p in knowledge_dir.glob("*/partnership.yaml"))) or "none"
        raise WrongSetting(f"PARTNERSHIP={partnership}: no such folder in {knowledge_dir} (there are: {known})")
    model = values.get("SEMANTIC_MODEL")
    slack = _slack(values)
    return Settings(
        partnership=partnership,
        knowledge_dir=knowledge_dir,
        database=_database(values.get("DATABASE_URL", "sqlite:///data/safeguarding.db")),
        host=values.get("HOST", "127.0.0.1"),
        port=_port(values.get("PORT", "8000")),
        secret_key=values.get("SECRET_KEY"),
        public_url=_public_url(values),
        knowledge_writable=_switch(values, "KNOWLEDGE_WRITABLE", usual=True),
        managers=_people(values, "MANAGERS"),
        news_channel=_channel(values, "NEWS_CHANNEL", slack),
        digest_channel=_channel(values, "DIGEST_CHANNEL", slack),
        escalations_channel=_channel(values, "ESCALATIONS_CHANNEL", slack),
        mash_channel=_channel(values, "MASH_CHANNEL", slack),
        mash_officers=_people(values, "MASH_OFFICERS"),
        slack=slack,
        mail_from=_mail_from(values),
        semantic_model=Path(model) if model else None,
        allow_time_travel=values.get("ALLOW_TIME_TRAVEL") == "1",
    )


def secret_key(settings: Settings) -> str:
    """The key that signs what the page hands out.

    Where SECRET_KEY is unset, one is made once in `data/secret.key` (mode 0600), on loopback only.
    Raises: WrongSetting where the server can be reached from outside and no key is set.
    """
    if settings.secret_key is not None:
        if len(settings.secret_key) < SHORTEST_KEY:
            raise WrongSetting(f"SECRET_KEY is too short: give it {SHORTEST_KEY} characters or more")
        return settings.secret_key
    if not settings.on_loopback:
        raise WrongSetting(f"SECRET_KEY is not set, and HOST={settings.host} can be reached from outside: set it")
    path = settings.data_dir / "secret.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _kept_key(path)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{path} cannot be made or read ({type(error).__name__}): set SECRET_KEY") from None


def audit_key(settings: Settings) -> str:
    """The key that the history of tickets is chained with: made once in `data/audit.key` (mode 0600).

    Raises: WrongSetting.
    """
    path = settings.data_dir / "audit.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _kept_key(path, "restore it with the database it belongs to")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{path} cannot be made or read ({type(error).__name__})") from None


def kept_audit_key(settings: Settings) -> str:
    """As `audit_key`, of a history that there is already: a new key would say that all of it was changed.

    Raises: WrongSetting, also where the key is not there.
    """
    path = settings.data_dir / "audit.key"
    if not path.exists():
        raise WrongSetting(f"{path} is missing: restore it with the database it belongs to")
    return audit_key(settings)


def _kept_key(path: Path, otherwise: str = "set SECRET_KEY") -> str:
    """The key in a file, made on the first call. It is there whole or not at all, whenever the program is stopped."""
    if not path.exists():
        new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was quicker
                os.link(new, path)
        finally:
            new.unlink(missing_ok=True)
    kept = path.read_text(encoding="ascii").strip()
    if len(kept) < SHORTEST_KEY:
        raise WrongSetting(f"{path} holds no key that can be used: remove it, or {otherwise}")
    return kept


def _database(url: str) -> Path:
    scheme, separator, rest = url.partition(":///")
    if scheme != "sqlite" or not separator or not rest:
        # The address may hold a password: name its scheme only, and only where it has one.
        given = url.partition("://")[0]
        shown = f" (yours begins with {given}:)" if "://" in url and given.isalpha() else ""
        raise WrongSetting(f"DATABASE_URL: only sqlite:///path/to/file.db is supported so far{shown}")
    return Path(rest)


def _port(text: str) -> int:
    if not (text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise WrongSetting(f"PORT={text[:20]}: a number from 1 to 65535 is needed")
    return int(text)


def _public_url(values: Mapping[str, str]) -> str | None:
    url = values.get("PUBLIC_URL")
    if url is None:
        return None
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise WrongSetting("PUBLIC_URL: the page's address is needed, such as https://guidance.example.org")
    return url.rstrip("/")


def _switch(values: Mapping[str, str], name: str, *, usual: bool) -> bool:
    text = values.get(name, "1" if usual else "0")
    if text not in ("0", "1"):
        raise WrongSetting(f"{name}={text[:20]}: 1 (yes) or 0 (no) is needed")
    return text == "1"


def _people(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    people = tuple(dict.fromkeys(values.get(name, "").replace(",", " ").split()))
    for person in people:
        if not re.fullmatch(r"[UWS][A-Z0-9]{4,}|[^@\s]+@[^@\s]+\.[A-Za-z]+", person):
            raise WrongSetting(
                f"{name}: {person[:40]} is no Slack user or group id (U..., S...) and no e-mail address"
            )
    return people


def _channel(values: Mapping[str, str], name: str, slack: SlackSettings | None) -> str | None:
    channel = values.get(name)
    if channel is None:
        return None
    if not re.fullmatch(r"[CG][A-Z0-9]{4,}", channel):
        raise WrongSetting(f"{name}={channel[:40]}: a Slack channel's id is needed (C..., at the end of its details)")
    if slack is None:
        raise WrongSetting(f"{name} is set, but Slack is not: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET too")
    return channel


def _mail_from(values: Mapping[str, str]) -> str | None:
    address = values.get("MAIL_FROM")
    if address is not None and not re.fullmatch(r"[^<>@\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", address):
        raise WrongSetting("MAIL_FROM: an e-mail address is needed, or a name with one: Bot <bot@example.org>")
    return address


def _teams(values: Mapping[str, str]) -> dict[str, str]:
    """The workspaces that may ask, each with its agency or none: "T0123=school, T0456"."""
    teams = {}
    for item in values.get("SLACK_TEAM_IDS", "").replace(",", " ").split():
        team, _, agency = item.partition("=")
        if not re.fullmatch(r"[TE][A-Z0-9]+", team) or not re.fullmatch(r"[a-z0-9-]*", agency):
            raise WrongSetting(f"SLACK_TEAM_IDS: {item[:40]} is not a workspace's id, or id=agency (T0123=school)")
        teams[team] = agency
    return teams


def _ids(values: Mapping[str, str], name: str, form: str, what: str) -> frozenset[str]:
    ids = frozenset(values.get(name, "").replace(",", " ").split())
    for wrong in sorted(each for each in ids if not re.fullmatch(form, each)):
        raise WrongSetting(f"{name}: {wrong[:40]} is not one of Slack's {what}")
    return ids


def _slack(values: Mapping[str, str]) -> SlackSettings | None:
    token, secret = values.get("SLACK_BOT_TOKEN"), values.get("SLACK_SIGNING_SECRET")
    app_token = values.get("SLACK_APP_TOKEN")
    given = "SLACK_APP_TOKEN" if app_token else "SLACK_SIGNING_SECRET"
    if token is None and secret is None and app_token is None:
        return None
    if token is None:
        raise WrongSetting(f"{given} is set but SLACK_BOT_TOKEN is not: set both, or neither")
    if secret is None and app_token is None:
        raise WrongSetting(
            "SLACK_BOT_TOKEN is set but neither SLACK_SIGNING_SECRET (Slack calls the bot) nor SLACK_APP_TOKEN "
            "(socket mode: the bot calls Slack): set one of them"
        )
    if not token.startswith("xoxb-"):
        raise WrongSetting("SLACK_BOT_TOKEN: a bot token, which begins with xoxb-, is needed")
    if app_token is not None and not app_token.startswith("xapp-"):
        raise WrongSetting("SLACK_APP_TOKEN: an app-level token, which begins with xapp-, is needed")
    api_url = values.get("SLACK_API_URL", "https://slack.com/api/")
    if not api_url.startswith(("https://", "http://")):
        raise WrongSetting("SLACK_API_URL: an address that begins with https:// is needed")
    teams = _teams(values)
    return SlackSettings(
        bot_token=token,
        signing_secret=secret,
        app_token=app_token,
        api_url=api_url if api_url.endswith("/") else api_url + "/",
        team_ids=frozenset(teams),
        team_agencies={team: agency for team, agency in teams.items() if agency},
        private_channels=_ids(values, "SLACK_PRIVATE_CHANNELS", r"[CG][A-Z0-9]{4,}", "channel ids (C...)"),
        silent_channels=_ids(values, "SLACK_SILENT_CHANNELS", r"[CG][A-Z0-9]{4,}", "channel ids (C...)"),
    )
