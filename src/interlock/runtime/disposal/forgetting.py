"""Erasing a data subject: its key, all that was made with it, and what is left in the clear.

The values of a subject are worth nothing without its key. What runs hold of them in the clear
(messages of errors, reasons of persons, paths of items) is found while the values can still be
read, so the key goes last. Whatever is interrupted is done by doing it again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from interlock import audit  # its modules are imported when something is erased
from interlock.errors import JournalCorrupt, RunNotResumable, UsageError
from interlock.journal import (
    ENDED,
    HoldPlaced,
    PartsErased,
    Principal,
    StoredEvent,
    StoreEntry,
    open_envelope,
    refs_of,
)
from interlock.runtime.clock import Clock, Ids
from interlock.runtime.disposal.erasing import PAGE, Chosen, Erased, Removal, erase, removal_of
from interlock.runtime.disposal.holds import (
    KEY_IDS,
    check_unnamed,
    place_hold,
    read_keeping,
    require_subject_not_held,
)
from interlock.store import KeyRing, ReadStore, Store, every_subject
from interlock.values import FALSE_NAME, Json, KeyId, RunId, immutable, is_keyed, key_id_of

WORDS = frozenset(("codes", "error", "message", "messages", "reason"))
"""Parts of events that may tell of a value in words."""

RUNS_NAMED_MAX = KEYS_NAMED_MAX = 5
Named = Mapping[RunId, Mapping[KeyId, list[KeyId]]]
"""By run, the keys that its events name, each with those of the subjects whose it is."""


@immutable()
class Forgetting:
    """What goes with a data subject.

    Attributes:
        name: its name; it stands nowhere but beside its key.
        key_id: the id of its key; None: there is no such subject.
        chosen: by run, the parts of events that were made with its key, and what tells of them.
        open: runs with values of the subject that have not ended.
        lost: the keys of others that values need and the store does not have: nobody erased these.
    """

    name: str
    key_id: KeyId | None
    chosen: dict[RunId, Chosen]
    open: tuple[RunId, ...]
    lost: frozenset[KeyId] = frozenset()


def forgetting_of(store: ReadStore, name: str) -> Forgetting:
    """Say what would go with a data subject; change nothing.

    It reads all events of the store.

    Raises:
        JournalCorrupt: an event is not as it was written; or nobody can tell whose values are, for
            a row of a subject was changed, or the one of this name may be missing (IL7025).
    """
    key_id = _key_of(store, name)
    named = _named(store)
    lost = _lost(store, named)
    if key_id is None:
        if lost:
            raise _may_be_lost(lost)
        return Forgetting(name=name, key_id=None, chosen={}, open=())
    touched = _touched(named, key_id)
    chosen = {run: parts for run in touched if (parts := _chosen(store, run, touched[run]))}
    heads = {run: store.head(run) for run in chosen}
    is_open = (run for run, head in heads.items() if head is None or head.status not in ENDED)
    return Forgetting(name=name, key_id=key_id, chosen=chosen, open=tuple(is_open), lost=lost)


def removals(store: ReadStore, forgetting: Forgetting) -> Iterator[Removal]:
    """Say of each run what goes with the subject.

    Raises:
        RunNotResumable: a run has not ended.
        OnHold: the subject is on hold, or a run is.
        JournalCorrupt: an event is not as it was written.
    """
    if forgetting.key_id is not None:
        require_subject_not_held(read_keeping(store), forgetting.key_id)
    for run, chosen in forgetting.chosen.items():
        yield removal_of(store, run, _with_key(store, run, chosen), spares_plan=True)


def forget(
    store: Store,
    name: str,
    *,
    by: Principal,
    rule: str,
    reason: str,
    clock: Clock | None = None,
    ids: Ids | None = None,
    tell: Callable[[Erased], None] | None = None,
) -> Forgetting:
    """Erase a data subject: all that runs have of its values, then its key.

    It is durable when this returns; call `overwrite` then. `tell` is called after each run.

    Raises:
        RunNotResumable: a run with values of the subject has not ended; nothing was erased.
        OnHold: the subject or one of them is on hold; nothing was erased, unless the hold has come
            meanwhile.
        UsageError: `by`, `rule` or `reason` names the subject, or has a text that is to go.
        JournalCorrupt: as for `forgetting_of`, and for `erase`.
        LeaseHeld, LeaseLost: as for `erase`; it may be done in part: do it again.
    """
    check_unnamed(name, by.actor, rule, reason)
    first = found = forgetting_of(store, name)
    while True:
        keeping = read_keeping(store)
        if found.key_id is not None:
            require_subject_not_held(keeping, found.key_id)
        if found.open:
            raise _open_runs(found)
        if not found.chosen and store.subjects.erase([name], holds_seen=keeping.size) is not None:
            return first
        # All of them first: nothing goes when one of them is on hold.
        wanted = {run: _with_key(store, run, chosen) for run, chosen in found.chosen.items()}
        for run, chosen in wanted.items():
            done = erase(
                store,
                run,
                chosen,
                by=by,
                rule=rule,
                reason=reason,
                clock=clock,
                ids=ids,
                spares_plan=True,
            )
            if tell is not None:
                tell(done)
        found = forgetting_of(store, name)  # Others may have begun meanwhile.


def place_subject_hold(
    store: Store,
    name: str,
    hold: HoldPlaced,
    *,
    by: Principal,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> StoreEntry:
    """Place a hold on a data subject: on runs with its values, and on its key.

    It is durable when this returns. The journal has the id of the key, and no name.

    Raises:
        UsageError: there is no such subject, or it was erased meanwhile; `by` or the reason names
            it; or as for `place_hold`.
        JournalCorrupt: as for `forgetting_of`.
    """
    check_unnamed(name, by.actor, hold.reason)
    found = forgetting_of(store, name)
    if found.key_id is None:
        raise UsageError(
            "no value in this store is of a subject of this name",
            hint="it can be held when a run has a value of it; `--graph` holds runs to come",
        )
    held = replace(hold, subject=found.key_id, runs=frozenset(found.chosen))
    placed = place_hold(store, held, by=by, clock=clock, ids=ids)
    if not store.subjects.find(ids=[found.key_id]):
        raise UsageError(
            f"the subject was erased while it was put on hold; hold {placed.seq} holds nothing",
            hint=f"release it: `interlock retention hold release {placed.seq} --reason ...`",
        )
    return placed


def _key_of(store: ReadStore, name: str) -> KeyId | None:
    """Find the key of a subject; any row that was changed may have been its own."""
    found: KeyId | None = None
    for each in every_subject(store):
        each.check()
        if each.name == name:
            found = each.id
    return found


def _named(store: ReadStore) -> Named:
    """Find the keys that events of the store name."""
    seen: dict[RunId, set[KeyId]] = {}
    first = 0
    while page := store.leaves(first=first, limit=PAGE):
        for run, event in page:
            if ids := KEY_IDS.findall(event.body):
                seen.setdefault(run, set()).update(KeyId(each.decode()) for each in ids)
        first += len(page)
    return {
        run: {each: KeyRing(store, run).members(each) for each in ids} for run, ids in seen.items()
    }


def _touched(named: Named, key_id: KeyId) -> dict[RunId, frozenset[KeyId]]:
    """Find the runs with values of a subject, and the keys of theirs that die with its key."""
    found: dict[RunId, frozenset[KeyId]] = {}
    for run, keys in named.items():
        dying = frozenset(each for each, members in keys.items() if key_id in members)
        if dying:
            found[run] = dying
    return found


def _lost(store: ReadStore, named: Named) -> frozenset[KeyId]:
    """Find the keys that values need and the store does not have."""
    wanted = {each for keys in named.values() for members in keys.values() for each in members}
    gone = wanted - {each.id for each in store.subjects.find(ids=wanted)}
    if not gone:
        return frozenset()
    found: set[KeyId] = set()
    for run, keys in named.items():
        if all(gone.isdisjoint(members) for members in keys.values()):
            continue
        # What looks like a key in words of an event is none.
        refs = (ref for event in _events(store, run) for ref in refs_of(event.body))
        needed = {key_id_of(ref) for ref in refs if is_keyed(ref)}
        found.update(each for key in needed for each in keys.get(key, ()) if each in gone)
    return frozenset(found)


def _chosen(store: ReadStore, run: RunId, dying: frozenset[KeyId]) -> Chosen:
    """Choose what was made with keys that die, and the words of nodes that worked with it."""
    chosen: dict[int, set[str]] = {}
    words: list[tuple[int, str | None, frozenset[str]]] = []
    paths: set[str | None] = set()
    for event in _events(store, run):
        envelope = cast(dict[str, Any], open_envelope(event.body))
        erased = audit.read_erased(event.erased)
        parts = audit.open_leaf(event.body, event.salts, erased).parts
        path = cast(str | None, envelope.get("path"))
        keyed = {name for name, part in parts.items() if _is_of(part.value, dying)}
        if keyed:
            chosen[event.seq] = keyed
            paths.add(path)
        # Why something was erased before stays, unless a text of what goes is in it.
        if envelope["type"] != PartsErased.type:
            words.append((event.seq, path, WORDS & parts.keys()))
    for seq, path, names in words:
        if names and path in paths:
            chosen.setdefault(seq, set()).update(names)
    return chosen


def _is_of(value: Json, dying: frozenset[KeyId]) -> bool:
    return isinstance(value, str) and is_keyed(value) and key_id_of(value) in dying


def _with_key(store: ReadStore, run: RunId, chosen: Chosen) -> Chosen:
    """Choose the key of a run, too, where a text of what goes stands in it."""
    removal = removal_of(store, run, chosen, spares_plan=True)
    keys = {seq: {"key"} for seq, names in removal.mentions.items() if "key" in names}
    return {seq: {*chosen.get(seq, ()), *keys.get(seq, ())} for seq in {*chosen, *keys}}


def _events(store: ReadStore, run: RunId) -> Iterator[StoredEvent]:
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        yield from page
        after = page[-1].seq


def _may_be_lost(lost: frozenset[KeyId]) -> JournalCorrupt:
    ids = ", ".join(sorted(lost)[:KEYS_NAMED_MAX])
    more = len(lost) - KEYS_NAMED_MAX
    return JournalCorrupt(
        "no subject of this name has a key, and keys that values need are not there, whose may be"
        f" the one: {ids}" + (f" and {more} more" if more > 0 else ""),
        hint="`interlock audit verify` names the events; restore the rows of the subjects from a"
        " backup of the journal",
        code=FALSE_NAME,
    )


def _open_runs(found: Forgetting) -> RunNotResumable:
    runs = ", ".join(found.open[:RUNS_NAMED_MAX])
    more = len(found.open) - RUNS_NAMED_MAX
    return RunNotResumable(
        f"runs with values of this subject have not ended: {runs}"
        + (f" and {more} more" if more > 0 else "")
        + "; nothing was erased",
        hint="let them end, or end them: `interlock cancel RUN`; then erase",
    )
