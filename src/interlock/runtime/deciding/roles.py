"""Who may decide what gates ask: the roles that gates name, and who has them.

A decision comes from outside, never from a graph or a model. Who has which role is checked here;
who somebody is, only the application can know (see `Principal`).
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

from interlock.engine import State
from interlock.errors import NotAllowed, UsageError
from interlock.journal import GateDecided, Principal, Who
from interlock.plan import CompiledGate
from interlock.runtime.arguments import expect
from interlock.runtime.deciding.messages import Decision

Roles: TypeAlias = Mapping[str, frozenset[Who]]
"""Who has a role, by role.

A name is everybody of that name, authenticated or not; a principal is one who is authenticated so.
"""

NO_ROLES: Roles = {}


def roles_of(given: Mapping[str, Iterable[Who]]) -> Roles:
    """Check roles as a user gives them.

    Raises:
        UsageError: what a role maps to is no list of names.
    """
    expect(given, Mapping, name="roles", hint='such as `{"managers": ["ada", "bob"]}`')
    found: dict[str, frozenset[Who]] = {}
    for role, members in given.items():
        names = [] if isinstance(members, str) else list(cast(Iterable[object], members))
        if isinstance(members, str) or not all(isinstance(one, Who) and one for one in names):
            raise UsageError(
                f"the role `{role}` is {members!r:.80}, no list of names",
                hint=f'write "{role}" = ["ada", "bob"]',
            )
        found[role] = frozenset(_member(one) for one in cast(list[Who], names))
    return found


def _member(who: Who) -> Who:
    """A principal of whom nobody has to be sure is as good as its name."""
    if isinstance(who, Principal) and who.authenticated_by is None:
        return who.name
    return who


def deciders(to: Iterable[str], roles: Roles) -> frozenset[Who] | None:
    """Name who may decide what a gate asks; None where no role of it is known.

    Then it is not checked. Where one of the names is a known role, the others are persons.
    """
    names = frozenset(to)
    known = names & roles.keys()
    if not known:
        return None
    return frozenset[Who](names - known).union(*(roles[role] for role in known))


def check_role(state: State, event: Decision, *, principal: Principal, roles: Roles) -> None:
    """Refuse a decision about a gate by somebody who has none of its roles.

    Raises:
        NotAllowed: says who may decide.
    """
    if not isinstance(event, GateDecided):
        return
    found = state.find(event.path)
    gate = found[2] if found is not None else None
    if not isinstance(gate, CompiledGate):
        return
    allowed = deciders(gate.to, roles)
    if allowed is not None and allowed.isdisjoint((principal, principal.name)):
        told = ", ".join(sorted(map(str, allowed))) or "nobody"
        raise NotAllowed(
            f"run {state.run}: {principal} may not decide about `{event.path}`:"
            f" it asks {', '.join(gate.to)}",
            hint=f"these may: {told}",
        )
