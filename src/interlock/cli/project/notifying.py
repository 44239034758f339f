"""Notices of open gates, as `[tool.interlock.notify]` says: to a program or to a web address.

Each is tried a few times and then given up, with a word on stderr. The run knows nothing of it.
"""

import asyncio
import difflib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, cast
from urllib.parse import urlsplit

from interlock.cli.project.pyproject import Project, shown
from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import err, listed, one_line, plain
from interlock.cli.terminal.times import moment
from interlock.errors import UsageError
from interlock.runtime import Notify, OpenGate
from interlock.store import Store
from interlock.values import Json, duration_ms, encode

SETTINGS = ("command", "webhook", "timeout")
TRIES_MAX = 3
TIMEOUT_MS = 10_000
PAUSE_S = 1.0
"""Before the second try; twice as long before the third."""

PATIENCE_S = 2.0
"""How long telling somebody may take before a person hears what is waited for."""

OUTPUT_BYTES_MAX = 4_096
FROM_ENVIRONMENT = "env:"
SCHEMES = ("https://", "http://")


class NotTold(Exception):
    """It did not work; another try may."""


class Refused(NotTold):
    """It did not work, and will not."""


Send: TypeAlias = Callable[[OpenGate, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """What a project says about notices.

    `webhook` may be `env:NAME`: addresses that let anybody write are secrets.
    """

    command: tuple[str, ...] = ()
    webhook: str = ""
    timeout_ms: int = TIMEOUT_MS

    @property
    def seconds_max(self) -> float:
        """How long it may take until all tries have come to nothing."""
        pauses = sum(PAUSE_S * 2**number for number in range(TRIES_MAX - 1))
        return TRIES_MAX * self.timeout_ms / 1000 + pauses


def project_notify(project: Project, journal: Journal[Store]) -> Notify | None:
    """Make what tells of open gates; None when the project does not ask for it.

    Raises:
        UsageError: a setting is wrong; says which.
    """
    found = read_notifying(project)
    if found is None:
        return None
    senders: dict[str, Send] = {}
    if found.command:
        senders[f"`{found.command[0]}`"] = _program(found, project)
    if found.webhook:
        senders[_host(found.webhook)] = _webhook(found)

    async def notify(gate: OpenGate) -> None:
        body = encode(notice(gate, journal))
        sending = (_try(send, gate, body, to=name, told=found) for name, send in senders.items())
        # The run is put to rest, and `run` ends, only when that is done or given up.
        say = partial(_say_waiting, gate, to=" and ".join(senders), told=found)
        waiting = asyncio.get_running_loop().call_later(PATIENCE_S, say)
        try:
            await asyncio.gather(*sending)
        finally:
            waiting.cancel()

    return notify


def read_notifying(project: Project) -> Notifying | None:
    """Read the settings of a project.

    Raises:
        UsageError: one is wrong; says which.
    """
    if not project.notify:
        return None
    place = f"[tool.interlock.notify] in {shown(project.file or project.folder)}"
    for name in project.notify:
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are: {listed(SETTINGS)}"
            raise UsageError(f"{place} has no setting `{name}`", hint=hint)
    command = project.notify.get("command", [])
    if not isinstance(command, list) or not all(
        isinstance(word, str) and word for word in cast(list[object], command)
    ):
        raise UsageError(
            f"`command` of {place} is {command!r:.100}, no list of arguments",
            hint='no shell reads it: command = ["./notify.sh", "--quiet"]',
        )
    return Notifying(
        command=tuple(cast(list[str], command)),
        webhook=_address(_text(project, "webhook", place), place),
        timeout_ms=_timeout_ms(_text(project, "timeout", place), place),
    )


def _timeout_ms(text: str, place: str) -> int:
    try:
        return duration_ms(text) if text else TIMEOUT_MS
    except UsageError as error:
        raise UsageError(f"`timeout` of {place}: {error.message}", hint=error.hint) from error


def _text(project: Project, name: str, place: str) -> str:
    value = project.notify.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"`{name}` of {place} is {value!r:.100}", hint="write it in quotes")
    return value


def _address(webhook: str, place: str) -> str:
    if webhook and not webhook.startswith((FROM_ENVIRONMENT, *SCHEMES)):
        raise UsageError(
            f"`webhook` of {place} is no address on the web",
            hint='webhook = "https://…", or "env:NAME" for what the variable NAME says',
        )
    return webhook


def notice(gate: OpenGate, journal: Journal[Store]) -> dict[str, Json]:
    """Say what a gate asks, and how to answer. Secrets are masked in it, as in the journal."""
    opened = gate.opened
    to: list[Json] = [*opened.to]
    bound = ("--binding", opened.binding)
    expires_at = moment(opened.expires_at_ms) if opened.expires_at_ms is not None else None
    return {
        "event": "gate_opened",
        "id": gate.key,
        "run": gate.run,
        "graph": gate.graph,
        "path": opened.path,
        "ask": opened.ask.json,
        "to": to,
        "quorum": opened.quorum,
        "binding": opened.binding,
        "expires_at_ms": opened.expires_at_ms,
        "expires_at": expires_at,
        "covers": opened.covers.json,
        "commands": {
            "show": journal.command("show", gate.run, opened.path),
            "approve": journal.command("approve", gate.run, opened.path, *bound),
            "reject": journal.command("reject", gate.run, opened.path, *bound),
        },
        "journal": journal.name,
    }


def _say_waiting(gate: OpenGate, *, to: str, told: Notifying) -> None:
    err(
        f"telling {to} that gate `{gate.opened.path}` of run {gate.run} is open: "
        f"this may take {told.seconds_max:g} s"
    )


async def _try(send: Send, gate: OpenGate, body: bytes, *, to: str, told: Notifying) -> None:
    """Send a notice, a few times if need be; say so when it came to nothing."""
    why = ""
    for number in range(TRIES_MAX):
        if number:
            await asyncio.sleep(PAUSE_S * 2 ** (number - 1))
        try:
            async with asyncio.timeout(told.timeout_ms / 1000):
                await send(gate, body)
        except TimeoutError:
            why = f"no answer within {told.timeout_ms / 1000:g} s"
        except NotTold as error:
            why = f"{error}"
            if isinstance(error, Refused):
                break
        else:
            return
    err(
        f"warning: gate `{gate.opened.path}` of run {gate.run} is open, and {to} was not told: "
        f"{plain(one_line(why, 400))}"
    )


def _program(found: Notifying, project: Project) -> Send:
    async def send(_: OpenGate, body: bytes) -> None:
        from interlock.library import Program, ProgramNotStarted, run_program

        program = Program(
            argv=found.command,
            folder=str(project.folder),
            environment=os.environ,
            stdin=body,
            output_bytes_max=OUTPUT_BYTES_MAX,
        )
        try:
            ended = await run_program(program)
        except ProgramNotStarted as error:
            raise Refused(f"{error}") from error
        if ended.code:
            said = ended.stderr.decode(errors="replace").strip()
            raise NotTold(f"it ended with {ended.code}{f': {said}' if said else ''}")

    return send


def _webhook(found: Notifying) -> Send:
    async def send(gate: OpenGate, body: bytes) -> None:
        import httpx2

        headers = {"content-type": "application/json", "idempotency-key": gate.key}
        try:
            # Redirects are not followed: what is sent is for this address.
            async with httpx2.AsyncClient(timeout=None) as client:
                answer = await client.post(_resolved(found.webhook), content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # Its words may have the address in them, which may be a secret.
            raise NotTold(type(error).__name__) from error
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise NotTold(f"it answered {answer.status_code}")
        if not answer.is_success:
            raise Refused(f"it answered {answer.status_code}")

    return send


def _resolved(webhook: str) -> str:
    """Find the address. Who only runs and approves here need not have it: that is no error yet."""
    if not webhook.startswith(FROM_ENVIRONMENT):
        return webhook
    found = os.environ.get(webhook.removeprefix(FROM_ENVIRONMENT), "")
    if not found.startswith(SCHEMES):
        raise Refused("the variable is not set to an address on the web")
    return found


def _host(webhook: str) -> str:
    if webhook.startswith(FROM_ENVIRONMENT):
        return webhook
    parts = urlsplit(webhook)
    return f"{parts.scheme}://{parts.hostname}"
