"""Having a checkpoint cosigned and stamped: what comes back stays with it."""

import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from e2e.library.servers import Reply, Server, serving as answering
from e2e.notary.tsa import Authority, make_authority
from interlock.audit import Algorithm, VerifierKey, count_witnesses, signer_from_seed
from interlock.notary import (
    Answer,
    Endorsed,
    Endorsers,
    KeyRing,
    Memory,
    Site,
    StampServer,
    Witness,
    WitnessAddress,
    create_keys,
    create_memory,
    endorse,
    kept_stamp,
    last_signed,
    new_ring,
    publish,
    read_keys,
    serving,
    sign_log,
    verify_stamp,
)
from interlock.runtime import SystemClock
from unit.notary.madelog import MadeLog

SIGNERS = [signer_from_seed(f"witness.example/w{n}", bytes([n] * 32)) for n in range(3)]
KEYS = [signer.verifier(Algorithm.COSIGNATURE) for signer in SIGNERS]


@pytest.fixture
def ring() -> KeyRing:
    return new_ring("interlock/test", now_ms=1)


@pytest.fixture
def key_file(tmp_path: Path, ring: KeyRing) -> Path:
    path = tmp_path / "keys" / "test.key"
    create_keys(path, ring)
    return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    pytest.importorskip(
        "rfc3161_client", reason="no `rfc3161-client`: pip install 'interlock[timestamps]'"
    )
    return make_authority(tmp_path_factory.mktemp("tsa"))


@asynccontextmanager
async def witnesses(
    folder: Path, log: VerifierKey, count: int
) -> AsyncGenerator[tuple[list[WitnessAddress], list[int]]]:
    """Serve witnesses; gives them, and a list of the statuses that they answered."""
    statuses: list[int] = []
    async with AsyncExitStack() as stack:
        found: list[WitnessAddress] = []
        for signer, key in list(zip(SIGNERS, KEYS, strict=True))[:count]:
            path = folder / f"{key.id}.json"
            if not path.exists():
                create_memory(path)
            witness = Witness(
                [signer],
                logs=[log],
                memory=stack.enter_context(Memory(path)),
                now_s=lambda: 5 + len(statuses),
            )

            def say(body: bytes, witness: Witness = witness) -> Answer:
                answer = witness.add_checkpoint(body)
                statuses.append(answer.status)
                return answer

            site = Site(
                handlers={"/add-checkpoint": say}, hosts={"127.0.0.1"}, body_bytes_max=100_000
            )
            port = await stack.enter_async_context(serving(site, host="127.0.0.1", port=0))
            found.append(WitnessAddress(url=f"http://127.0.0.1:{port}", key=key))
        yield found, statuses


async def signed_and_endorsed(
    log: MadeLog, key_file: Path, endorsers: Endorsers, *, remember: bool = True
) -> Endorsed:
    before = last_signed(key_file, read_keys(key_file)) if remember else None
    signed = sign_log(log, key_file)
    return await endorse(
        log, signed, endorsers, key_file=key_file, before=before, now_ms=SystemClock().now_ms()
    )


def counted(key_file: Path) -> list[int | None]:
    """Count the witnesses of what is kept: the times of their cosignatures."""
    ring = read_keys(key_file)
    kept = last_signed(key_file, ring)
    assert kept is not None
    return [
        found.time_s
        for found in count_witnesses(
            kept.note, KEYS, log=ring.verifiers(), now_ms=SystemClock().now_ms()
        )
    ]


async def test_cosignatures_are_kept_with_the_checkpoint(
    tmp_path: Path, ring: KeyRing, key_file: Path
):
    async with witnesses(tmp_path, ring.verifiers()[0], 2) as (asked, statuses):
        for size in (1, 7, 300):
            done = await signed_and_endorsed(
                MadeLog(size), key_file, Endorsers(witnesses=tuple(asked))
            )
            assert [each.error for each in done.asked] == [None, None]
            assert len(counted(key_file)) == 2
    # The size that a witness knows is not asked for when it cosigned the checkpoint before.
    assert statuses == [200] * 6


async def test_without_the_checkpoint_before_a_witness_says_what_it_knows(
    tmp_path: Path, ring: KeyRing, key_file: Path
):
    async with witnesses(tmp_path, ring.verifiers()[0], 1) as (asked, statuses):
        for size in (1, 7):
            await signed_and_endorsed(
                MadeLog(size), key_file, Endorsers(witnesses=tuple(asked)), remember=False
            )
    assert statuses == [200, 409, 200]
    assert len(counted(key_file)) == 1


async def test_who_has_cosigned_is_not_asked_again_and_who_has_not_is(
    tmp_path: Path, ring: KeyRing, key_file: Path
):
    async with witnesses(tmp_path, ring.verifiers()[0], 3) as (asked, _):
        first = await signed_and_endorsed(
            MadeLog(7), key_file, Endorsers(witnesses=tuple(asked[:1]))
        )
        times = counted(key_file)
        again = await signed_and_endorsed(MadeLog(7), key_file, Endorsers(witnesses=tuple(asked)))
    assert (len(first.asked), len(again.asked)) == (1, 2)
    assert counted(key_file)[: len(times)] == times
    assert len(counted(key_file)) == 3


async def test_cosignatures_that_come_late_do_not_replace_a_newer_checkpoint(
    tmp_path: Path, ring: KeyRing, key_file: Path
):
    async with witnesses(tmp_path, ring.verifiers()[0], 1) as (asked, _):
        signed = sign_log(MadeLog(7), key_file)
        newer = sign_log(MadeLog(9), key_file)
        done = await endorse(
            MadeLog(9),
            signed,
            Endorsers(witnesses=tuple(asked)),
            key_file=key_file,
            now_ms=SystemClock().now_ms(),
        )
    assert last_signed(key_file, ring) == newer
    assert (
        len(
            count_witnesses(
                done.signed.note, KEYS, log=ring.verifiers(), now_ms=SystemClock().now_ms()
            )
        )
        == 1
    )


async def test_a_stamp_is_kept_and_holds(key_file: Path, authority: Authority):
    with answering(authority.answering()) as server:
        endorsers = Endorsers(stamps=stamping(server, authority))
        done = await signed_and_endorsed(MadeLog(7), key_file, endorsers)
        again = await signed_and_endorsed(MadeLog(7), key_file, endorsers)
        assert len(server.received) == 1
    kept = kept_stamp(done.signed.note, key_file)
    assert kept is not None
    assert (
        verify_stamp(
            kept,
            done.signed.note,
            certificates=authority.certificates,
            now_ms=SystemClock().now_ms(),
        )
        == done.stamp
    )
    assert (again.stamp, again.unstamped) == (None, None)


async def test_the_stamp_of_an_older_checkpoint_is_not_taken_for_one_of_this(
    key_file: Path, authority: Authority
):
    with answering(authority.answering()) as server:
        endorsers = Endorsers(stamps=stamping(server, authority))
        await signed_and_endorsed(MadeLog(7), key_file, endorsers)
    signed = sign_log(MadeLog(9), key_file)
    assert kept_stamp(signed.note, key_file) is None


async def test_a_stamp_is_published_beside_its_checkpoint_and_beside_no_other(
    tmp_path: Path, key_file: Path, authority: Authority
):
    folder = tmp_path / "public"
    with answering(authority.answering()) as server:
        endorsers = Endorsers(stamps=stamping(server, authority))
        done = await signed_and_endorsed(MadeLog(7), key_file, endorsers)
    for _ in range(2):
        publish(MadeLog(7), done.signed, key_file=key_file, folder=folder)
        assert (folder / "checkpoint.tsr").read_bytes() == kept_stamp(done.signed.note, key_file)
    publish(MadeLog(9), sign_log(MadeLog(9), key_file), key_file=key_file, folder=folder)
    assert not (folder / "checkpoint.tsr").exists()


async def test_nobody_who_is_down_is_in_the_way(
    tmp_path: Path, ring: KeyRing, key_file: Path, authority: Authority
):
    with socket.socket() as closed, answering(lambda _: Reply(hang=True)) as silent:
        closed.bind(("127.0.0.1", 0))
        nobody = WitnessAddress(url=f"http://127.0.0.1:{closed.getsockname()[1]}", key=KEYS[2])
        async with witnesses(tmp_path, ring.verifiers()[0], 1) as (asked, _):
            endorsers = Endorsers(
                witnesses=(nobody, *asked), stamps=stamping(silent, authority), timeout_s=0.3
            )
            done = await signed_and_endorsed(MadeLog(7), key_file, endorsers)
    assert [each.error.code if each.error else "" for each in done.asked] == ["IL8531", ""]
    assert done.unstamped is not None
    assert done.unstamped.code == "IL8534"
    assert len(counted(key_file)) == 1


def stamping(server: Server, authority: Authority) -> StampServer:
    return StampServer(url=server.url, certificates=authority.certificates)
