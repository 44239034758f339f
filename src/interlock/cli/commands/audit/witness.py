"""`interlock audit witness`: cosign the logs of others."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import click

from interlock.audit import REQUEST_BYTES_MAX, Algorithm, VerifierKey, parse_key
from interlock.cli.project.pyproject import shown
from interlock.cli.terminal.console import err, out, plain
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example
from interlock.errors import UsageError
from interlock.notary import (
    Answer,
    KeyRing,
    Memory,
    Site,
    Witness,
    create_keys,
    create_memory,
    new_ring,
    read_keys,
    serving,
)
from interlock.runtime import SystemClock

KEY_FILE = "witness.key"
SEEN_FILE = "seen.json"
LISTEN = "127.0.0.1:7470"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
PORT_MAX = 65_535


@click.command(epilog=example("interlock audit witness w1 --init witness.example.org/w1"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--init", "name", metavar="NAME", help="Make a witness of this name, and its key.")
@click.option("--log", "logs", multiple=True, metavar="KEY", help="A log to watch: its public key.")
@click.option(
    "--listen",
    default=LISTEN,
    metavar="HOST:PORT",
    help=f"Where to listen; {LISTEN} unless told: only this machine can reach it.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name that the witness is asked under from other machines.",
)
def witness(
    *, folder: Path, name: str | None, logs: tuple[str, ...], listen: str, hosts: tuple[str, ...]
) -> int:
    """Cosign logs: say when which tree was seen, and never sign a second history.

    FOLDER holds the key of the witness and what it has cosigned. Both belong together and are made
    once, with --init. A log is known by the public key that `interlock audit init` prints; its new
    key, while keys are replaced, is a second --log. It is asked as C2SP tlog-witness says, by
    Interlock or by any other log. Ctrl-C ends it.
    """
    if name is not None:
        return _make(folder, name)
    if not logs:
        raise UsageError("no log is named", hint="--log KEY, as `interlock audit init` prints it")
    keys = [_log_key(text) for text in logs]
    host, port = _address(listen)
    site_hosts = _site_hosts(host, hosts)
    ring = read_keys(folder / KEY_FILE)
    _require_others(keys, ring)
    with Memory(folder / SEEN_FILE) as memory:
        serves = Witness(ring.signers(), logs=keys, memory=memory, now_s=_now_s)
        site = Site(
            handlers={"/add-checkpoint": lambda body: _told(serves.add_checkpoint(body))},
            hosts=site_hosts,
            body_bytes_max=REQUEST_BYTES_MAX,
        )
        _say(ring, memory, keys)
        asyncio.run(_serve(site, host=host, port=port))
    return Exit.OK


def _make(folder: Path, name: str) -> int:
    """Make a witness. The key comes last: with a key, there is always the file it needs."""
    if (folder / KEY_FILE).exists():
        raise UsageError(
            f"there is a witness in {shown(folder)} already",
            hint="start it without --init, or name another folder",
        )
    ring = new_ring(name, now_ms=SystemClock().now_ms())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / SEEN_FILE).exists():
        create_memory(folder / SEEN_FILE)
    create_keys(folder / KEY_FILE, ring)
    for key in _cosigning(ring):
        out(f"{key}")
    err(f"Made the witness `{plain(name)}` in {shown(folder)}. Its public key is on stdout.")
    return Exit.OK


def _cosigning(ring: KeyRing) -> list[VerifierKey]:
    return [signer.verifier(Algorithm.COSIGNATURE) for signer in ring.signers()]


def _say(ring: KeyRing, memory: Memory, keys: Sequence[VerifierKey]) -> None:
    for key in _cosigning(ring):
        err(f"witness  {key}")
    seen = memory.logs
    for name in dict.fromkeys(key.name for key in keys):
        last = seen.get(name)
        told = f"{last.tree.size:,} events" if last is not None else "not seen yet"
        err(f"log      {plain(name)}: {told}")


async def _serve(site: Site, *, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    async with serving(site, host=host.strip("[]"), port=port) as found:
        err(f"listens  http://{host}:{found}")
        await stop.wait()


def _told(answer: Answer) -> Answer:
    if answer.told:
        err(plain(answer.told))
    return answer


def _now_s() -> int:
    return SystemClock().now_ms() // 1000


def _log_key(text: str) -> VerifierKey:
    key = parse_key(text)
    if key.algorithm is not Algorithm.ED25519:
        raise UsageError(
            f"`{plain(key.name)}` is the key of a witness, and not of a log",
            hint="--log KEY, as `interlock audit init` prints it",
        )
    return key


def _require_others(keys: Sequence[VerifierKey], ring: KeyRing) -> None:
    """Refuse a log that signs with the key of the witness: nobody is a witness of himself."""
    own = {key.public.public for key in ring.keys}
    for key in keys:
        if key.public in own:
            raise UsageError(
                f"the log `{plain(key.name)}` signs with the key of this witness",
                hint="make the witness a key of its own: --init in another folder",
            )


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > PORT_MAX:
        raise UsageError(f"--listen {listen!r} is no HOST:PORT", hint=f"such as {LISTEN}")
    return host, int(port)


def _site_hosts(host: str, hosts: Sequence[str]) -> frozenset[str]:
    """Say under which names the witness answers: a web page of others must not reach it."""
    if host not in LOOPBACK and not hosts:
        raise UsageError(
            f"{host} can be reached from other machines, and no name is given for it",
            hint="--host NAME, such as --host witness.example.org",
        )
    return frozenset((*LOOPBACK, *(name.lower() for name in hosts)))
