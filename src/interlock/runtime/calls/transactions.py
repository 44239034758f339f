"""Transactional attempts: called in the commit queue, in one transaction with their events.

The intent and the outcome are one commit, so nobody can ever doubt it. What an attempt does is
judged before it is kept: an output that the engine would refuse undoes its effect, and the attempt
counts as one that did not happen.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast, final

from interlock.actions import Action, Database
from interlock.engine import StartAttempt
from interlock.errors import TransactionRefused, ensure
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Record,
    stored_values,
)
from interlock.runtime.calls.execution import Call, World, failed, not_storable, raised, unfit
from interlock.store import Store
from interlock.values import Path, RunId

Outcome: TypeAlias = AttemptReturned | AttemptFailed


class _Undone(Exception):
    """What the attempt did is not to be kept."""

    def __init__(self, outcome: AttemptFailed) -> None:
        super().__init__(outcome.error.message)
        self.outcome = outcome


@final
class Promise:
    """The place of an outcome in the journal, before the outcome is there."""

    def __init__(self, path: Path, seq: int) -> None:
        self.path = path
        self.seq = seq
        self.entry: Entry | None = None

    @property
    def kept(self) -> Entry:
        """The entry of the outcome, once it is durable."""
        ensure(self.entry is not None, "a promise was not kept", seq=self.seq)
        return cast(Entry, self.entry)


@final
class Transaction:
    """One transactional attempt, for the commit queue.

    `judge` says what is wrong with an output. Its two events follow the one with seq `after`:
    `intended`, and the one that `promise` stands for until it is there.
    """

    def __init__(
        self,
        *,
        run: RunId,
        epoch: int,
        world: World,
        action: Action[..., Any],
        command: StartAttempt,
        intent: AttemptStarted,
        judge: Callable[[AttemptReturned], ErrorInfo | None],
        after: int,
    ) -> None:
        self.run = run
        self.epoch = epoch
        self.world = world
        self.action = action
        self.command = command
        self.judge = judge
        now_ms = world.clock.now_ms()
        self.intended = Entry(intent, now_ms, after + 1, epoch, world.actor, command.causes)
        self.promise = Promise(command.path, after + 2)

    def carry_out(self, store: Store) -> bool:
        """Call the action and commit what it does; False when the run has another owner."""
        try:
            return store.transact(self.run, self.epoch, self._work)
        except _Undone as undone:
            outcome = undone.outcome
        except TransactionRefused as refused:
            call = Call(self.world, self.run, self.action, self.command)
            outcome = failed(call, replace(raised(call, refused), not_applied=True))
        return not store.write(self._records(outcome))

    def _work(self, database: Database) -> Sequence[Record]:
        call = Call(self.world, self.run, self.action, self.command, database=database)
        outcome = self._call(call)
        if isinstance(outcome, AttemptFailed):
            raise _Undone(outcome)
        return self._records(outcome)

    def _records(self, outcome: Outcome) -> list[Record]:
        """Make the records of both events, and keep the promise."""
        now_ms, cause = self.world.clock.now_ms(), self.intended.seq
        self.promise.entry = Entry(
            outcome, now_ms, self.promise.seq, self.epoch, self.world.actor, (cause,)
        )
        return [self._record(self.intended), self._record(self.promise.entry)]

    def _record(self, entry: Entry) -> Record:
        body, leaf, salts = self.world.sealer.seal(self.run, entry)
        return Record(
            run=self.run,
            seq=entry.seq,
            epoch=entry.epoch,
            body=body,
            leaf=leaf,
            salts=salts,
            values=stored_values(entry.event),
        )

    def _call(self, call: Call) -> Outcome:
        try:
            arguments = call.arguments(self.command.args.data)
        except Exception as error:  # noqa: BLE001 - validators of user types raise what they like
            return failed(call, unfit(call, error))
        try:
            result = self.action.func(**arguments)
        except BaseException as error:  # noqa: BLE001 - whatever user code raises is an outcome
            return failed(call, replace(raised(call, error), not_applied=True))
        finally:
            call.is_over = True
        try:
            output = call.encode(result)
        except Exception as error:  # noqa: BLE001 - so do serializers
            return failed(call, replace(not_storable(call, error), not_applied=True))
        returned = AttemptReturned(
            path=self.command.path,
            generation=self.command.generation,
            attempt=self.command.attempt,
            output=output,
            tokens=call.usage.tokens,
            cost_usd_micros=call.usage.cost_usd_micros,
        )
        problem = self.judge(returned)
        if problem is not None:
            return failed(call, replace(problem, not_applied=True))
        return returned
