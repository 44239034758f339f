"""A decision at the door: held against where the run stands, then posted to whoever owns it."""

from collections.abc import Callable

from interlock.engine import State
from interlock.journal import Message, Principal
from interlock.runtime.arguments import expect
from interlock.runtime.deciding.checks import check, check_first
from interlock.runtime.deciding.messages import KIND_OF, Decision, message_of
from interlock.runtime.deciding.roles import Roles, check_role
from interlock.store import INBOX_MESSAGES_MAX, Store


def post(
    decision: Callable[[State], Decision],
    state: State,
    *,
    store: Store,
    principal: Principal,
    roles: Roles,
    id_: str,
    now_ms: int,
) -> Message:
    """Decide something about a run; the message that says so is durable when this returns.

    Raises:
        RunNotResumable: it makes no sense where the run stands.
        NotAllowed: the principal has none of the roles that a gate asks.
        UsageError: it is no decision, or what it brings has the wrong type.
    """
    event = decision(state)
    hint = "give what makes one of the state of the run: `lambda state: RunPaused()`"
    expect(event, tuple(KIND_OF), name="decision(state)", hint=hint)
    check(state, event)
    check_role(state, event, principal=principal, roles=roles)
    message = message_of(event, run=state.run, id_=id_, actor=principal.actor, now_ms=now_ms)
    check_first(message, waiting=store.inbox(run=state.run, limit=INBOX_MESSAGES_MAX))
    store.post(message)
    return message
