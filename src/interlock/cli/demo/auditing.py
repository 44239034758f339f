"""`interlock demo audit`: from a run to a receipt, its check, and a copy that was tampered with.

Every step is a command that is shown as it is typed, and run as a process of its own: whoever
watches can do all of it again by hand.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote, split

import click

from interlock.cli.demo.closing import interlock
from interlock.cli.demo.narration import fact, heading, say
from interlock.cli.demo.refund import AGENT, APPROVER, FILES, INPUT, PERSONAL, SOMEBODY
from interlock.cli.terminal.console import out, plain
from interlock.cli.terminal.exits import Exit
from interlock.errors import UsageError

PREFIX = "interlock-demo-"
TIMEOUT_S = 60
USER_VARIABLE = "LOGNAME"
KEY, RECEIPT, TAMPERED = "log.pub", "receipt.json", "tampered.json"
SCRIPT, PAGE = "verify.mjs", "verify.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders: of the agent, of the keys that no agent sees, and of the auditor."""

    whole: Path
    agent: Path
    auditor: Path


def tell_audit(folder: str | None) -> int:
    """Play all acts; the first command that does not end as it should is the last one."""
    places = _made(folder)
    try:
        _run(places)
        _hand_over(places)
        _check(places)
        _tamper(places)
    except Unexpected as error:
        say("", f"WRONG: `{error}` did not end as it should.")
        return Exit.FAILED
    except KeyboardInterrupt:
        heading("Stopped; this is left")
        out(f"  workspace  {places.whole}")
        out("  to begin again, and to clean up:")
        out(f"    {interlock()} demo audit\n    rm -r {quote(str(places.whole))}")
        return Exit.STOPPED
    _close(places)
    return Exit.OK


class Unexpected(Exception):
    """A command ended with another code than it should."""


def _made(folder: str | None) -> Places:
    whole = Path(folder).resolve() if folder else Path(tempfile.mkdtemp(prefix=PREFIX))
    places = Places(whole=whole, agent=whole / "agent", auditor=whole / "auditor")
    if whole.is_dir() and any(whole.iterdir()):
        raise UsageError(f"{whole} is not empty", hint="name a folder that is not there yet")
    for place in (places.agent, places.auditor, whole / "keys"):
        place.mkdir(parents=True, mode=0o700)
    for name, text in FILES.items():
        (places.agent / name).write_text(text, encoding="utf-8")
    return places


def _run(places: Places) -> None:
    out("Interlock demo: what an agent did is proved to somebody who was not there\n")
    fact("workspace", str(places.whole))
    fact("agent/", "an agent that pays refunds, once a person consents")
    fact("keys/", "the key that signs the log: neither the agent's nor the auditor's")
    fact("auditor/", "has a receipt and a public key; no journal")
    heading("The log of the agent's journal gets a key")
    public = _typed("interlock audit init --name shop.example/refunds", places.agent)
    (places.auditor / KEY).write_text(public, encoding="utf-8")
    heading("The agent runs, and waits for consent; bob gives it")
    _typed(f"interlock run refund.yaml -i {INPUT}", places.agent, user=AGENT, code=Exit.OPEN)
    _typed(
        "interlock approve last consent --reason 'the parcel came back'",
        places.agent,
        user=APPROVER,
    )


def _hand_over(places: Places) -> None:
    heading("A receipt: what happened, without the data it happened to")
    receipt = places.auditor / RECEIPT
    _typed(f"interlock audit receipt last --output ../auditor/{RECEIPT}", places.agent)
    data = receipt.read_text(encoding="utf-8")
    found = [text for text in PERSONAL if text in data]
    say("")
    fact("size", f"{receipt.stat().st_size:,} bytes")
    fact("shown", ", ".join(found) or f"none of {', '.join(PERSONAL)}")
    if found:
        raise Unexpected("interlock audit receipt")


def _check(places: Places) -> None:
    heading("The auditor checks it, with the public key alone")
    _typed(f"interlock audit check {RECEIPT} --key {KEY}", places.auditor)
    heading("The same, without Interlock: a second verifier in plain JavaScript")
    _typed(f"interlock audit verifier {SCRIPT}", places.auditor)
    _typed(f"interlock audit verifier {PAGE}", places.auditor)
    if shutil.which("node") is None:
        say("", f"There is no Node here; open {PAGE} in a browser and drop the receipt on it.")
    else:
        _typed(f"node {SCRIPT} {RECEIPT} --key {KEY}", places.auditor)


def _tamper(places: Places) -> None:
    heading(f"A copy in which {SOMEBODY} consented, and not {APPROVER}")
    edit = f"s/{APPROVER}/{SOMEBODY}/g"
    out(click.style(f"$ sed {edit} {RECEIPT} > {TAMPERED}", bold=True))
    data = (places.auditor / RECEIPT).read_text(encoding="utf-8")
    (places.auditor / TAMPERED).write_text(data.replace(APPROVER, SOMEBODY), encoding="utf-8")
    check = f"audit check {TAMPERED} --key {KEY}"
    _typed(f"interlock {check}", places.auditor, code=Exit.DIVERGED)
    if shutil.which("node") is not None:
        _typed(f"node {SCRIPT} {TAMPERED} --key {KEY}", places.auditor, code=Exit.DIVERGED)


def _close(places: Places) -> None:
    heading("All of it is left for you to look at")
    here = quote(str(places.auditor))
    out(f"  workspace  {places.whole}\n")
    out(f"  cd {here} && {interlock()} audit check {RECEIPT} --key {KEY} --json")
    out(f"  cd {quote(str(places.agent))} && {interlock()} show last consent")
    out(f"  less {here}/{RECEIPT}")
    out(f"  file://{places.auditor / PAGE}")


def _typed(line: str, folder: Path, *, user: str = AGENT, code: Exit = Exit.OK) -> str:
    """Show a command, run it, and show what it says; return its stdout.

    Raises:
        Unexpected: it did not end with the code.
    """
    out(click.style(f"$ {line}", bold=True))
    done = subprocess.run(
        _argv(line),
        cwd=folder,
        env={**os.environ, USER_VARIABLE: user},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=TIMEOUT_S,
        check=False,
    )
    for text in (done.stderr, done.stdout):
        for said in text.splitlines():
            out(f"  {plain(said)}")
    if done.returncode != code:
        raise Unexpected(line)
    return done.stdout


def _argv(line: str) -> Sequence[str]:
    program, *words = split(line)
    ours = [sys.executable, "-m", "interlock"]
    return [*(ours if program == "interlock" else [program]), *words]
