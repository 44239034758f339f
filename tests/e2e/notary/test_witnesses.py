"""Asking several witnesses over HTTP: those that answer are heard, the others hold up nobody."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from interlock.audit import Algorithm, Note, Signer, count_witnesses, signer_from_seed
from interlock.errors import UsageError
from interlock.notary import (
    ANSWER_BYTES_MAX,
    Answer,
    Collected,
    Memory,
    Site,
    Witness,
    WitnessAddress,
    collect_cosignatures,
    create_memory,
    serving,
)
from interlock.runtime import SystemClock
from unit.notary.logs import LOG, checkpoint, leaves, proof

GENUINE = leaves(40)
FORK = [*GENUINE[:9], *leaves(31, "another")]
SIGNERS = [signer_from_seed(f"witness.example/w{n}", bytes([n] * 32)) for n in range(5)]
SAME_HOST = frozenset({"127.0.0.1"})


@asynccontextmanager
async def site(answering: Witness | Answer) -> AsyncGenerator[str]:
    """Serve a witness, or one fixed answer; gives the address."""
    say = answering.add_checkpoint if isinstance(answering, Witness) else lambda _: answering
    served = Site(handlers={"/add-checkpoint": say}, hosts=SAME_HOST, body_bytes_max=100_000)
    async with serving(served, host="127.0.0.1", port=0) as port:
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def witnesses(count: int) -> AsyncGenerator[list[WitnessAddress]]:
    async with AsyncExitStack() as stack:
        found: list[WitnessAddress] = []
        for signer in SIGNERS[:count]:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            create_memory(Path(folder, "seen.json"))
            memory = stack.enter_context(Memory(Path(folder, "seen.json")))
            witness = Witness([signer], logs=[LOG.verifier()], memory=memory, now_s=lambda: 5)
            url = await stack.enter_async_context(site(witness))
            found.append(address(url, signer))
        yield found


def address(url: str, signer: Signer) -> WitnessAddress:
    return WitnessAddress(url=url, key=signer.verifier(Algorithm.COSIGNATURE))


async def collect(
    asked: Sequence[WitnessAddress],
    size: int,
    *,
    log: Sequence[bytes] = GENUINE,
    before: Note | None = None,
    timeout_s: float = 10.0,
) -> Collected:
    return await collect_cosignatures(
        checkpoint(log, size),
        asked,
        prove=lambda old: proof(log, old, size),
        now_ms=SystemClock().now_ms(),
        before=before,
        timeout_s=timeout_s,
    )


def counted(collected: Collected, asked: Sequence[WitnessAddress]) -> int:
    return len(
        count_witnesses(
            collected.note,
            [w.key for w in asked],
            log=[LOG.verifier()],
            now_ms=SystemClock().now_ms(),
        )
    )


async def test_a_log_that_grows_is_cosigned_by_all():
    async with witnesses(3) as asked:
        before = None
        for size in (0, 1, 7, 7, 32, 40):
            collected = await collect(asked, size, before=before)
            assert (collected.cosigned, counted(collected, asked)) == (3, 3)
            before = collected.note


async def test_one_that_is_new_or_missed_something_catches_up():
    async with witnesses(3) as asked:
        first = await collect(asked[:2], 7)
        second = await collect(asked[:1], 9, before=first.note)
        third = await collect(asked, 30, before=second.note)
        assert counted(third, asked) == 3


async def test_a_fork_is_refused_by_all():
    async with witnesses(2) as asked:
        await collect(asked, 12)
        forked = await collect(asked, 20, log=FORK)
        codes = [each.error.code for each in forked.asked if each.error is not None]
        assert (codes, counted(forked, asked)) == (["IL8503", "IL8503"], 0)


async def test_one_that_is_down_slow_or_mad_stops_no_other():
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with (
            witnesses(1) as good,
            site(Answer(status=200, text="x" * (ANSWER_BYTES_MAX + 1))) as mad,
        ):
            asked = [
                address(f"http://127.0.0.1:{silent.getsockname()[1]}", SIGNERS[1]),
                address(f"http://127.0.0.1:{closed.getsockname()[1]}", SIGNERS[2]),
                *good,
                address(mad, SIGNERS[3]),
                address(good[0].url, SIGNERS[4]),
            ]
            collected = await collect(asked, 7, timeout_s=0.3)
    told = [each.error.message if each.error else "" for each in collected.asked]
    assert "no answer within 0.3 s" in told[0]
    assert "cannot be reached" in told[1]
    assert told[2] == ""
    assert "more than" in told[3]
    assert "no cosignature by" in told[4]
    assert {each.error.code for each in collected.asked if each.error} == {"IL8531"}
    assert counted(collected, asked) == 1


async def test_a_cosignature_that_is_there_is_kept():
    async with witnesses(2) as asked:
        first = await collect(asked[:1], 7)
        second = await collect_cosignatures(
            first.note,
            asked[1:],
            prove=lambda old: proof(GENUINE, old, 7),
            now_ms=SystemClock().now_ms(),
        )
        assert counted(second, asked) == 2


async def test_requests_at_once_never_get_two_histories_signed():
    async with witnesses(1) as asked:
        await collect(asked, 9)
        both = await asyncio.gather(
            *(collect(asked, 20, log=log) for log in (GENUINE, FORK) for _ in range(5))
        )
        texts = {each.note.text for each in both if each.cosigned}
        assert len(texts) == 1


@pytest.mark.parametrize(
    "url", ["", "witness.example", "ftp://witness.example", "https://", "http://[::1", "http://a\n"]
)
def test_an_address_that_is_none_is_refused(url: str):
    with pytest.raises(UsageError, match="no address"):
        address(url, SIGNERS[0])


def test_a_key_that_does_not_cosign_is_refused():
    with pytest.raises(UsageError, match="none that cosigns"):
        WitnessAddress(url="https://witness.example", key=SIGNERS[0].verifier())
