"""Decisions from outside about one run, on their way into its journal."""

from collections import deque
from collections.abc import Iterable
from typing import final

from interlock.engine import State
from interlock.errors import InterlockError
from interlock.journal import Actor, Message
from interlock.runtime.deciding.checks import check
from interlock.runtime.deciding.messages import Decision, decision_in, sender_of
from interlock.runtime.deciding.owning import Owning, owned_decision
from interlock.runtime.deciding.roles import NO_ROLES, Roles, check_role


@final
class Mail:
    """The messages of one run, oldest first, each taken once.

    A message that was read leaves the store in the transaction of the next event (`taken`): the one
    that it became, or whichever comes next when it came too late to mean anything.
    """

    def __init__(self, roles: Roles = NO_ROLES, *, keys: Owning | None = None) -> None:
        self.waiting: deque[Message] = deque()
        self._roles = roles
        self._keys = keys
        self._known: set[str] = set()
        self._read: list[str] = []

    def deliver(self, messages: Iterable[Message]) -> None:
        """Add messages; those that were delivered before are left out."""
        for message in messages:
            if message.id not in self._known:
                self._known.add(message.id)
                self.waiting.append(message)

    def take(self, state: State) -> tuple[Decision, Actor] | None:
        """The oldest decision that still makes sense, and who made it."""
        while self.waiting:
            message = self.waiting.popleft()
            self._read.append(message.id)
            try:
                event = decision_in(message)
                check(state, event)
                check_role(state, event, principal=sender_of(message), roles=self._roles)
                if state.is_keyed and self._keys is not None:
                    event = owned_decision(state, event, self._keys)
            except InterlockError:
                continue
            return event, message.actor
        return None

    def taken(self) -> tuple[str, ...]:
        """The messages read since this was asked last; they may leave the store."""
        if not self._read:
            return ()
        read = tuple(self._read)
        self._read.clear()
        return read

    def settle(self) -> None:
        """The run ends: all that waits has come too late, except what opens it again."""
        late = [message for message in self.waiting if message.kind != "reopen"]
        self._read += [message.id for message in late]
        self.waiting = deque(message for message in self.waiting if message.kind == "reopen")
