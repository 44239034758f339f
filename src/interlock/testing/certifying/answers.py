"""What the simulated actions answer: as somebody declared it, as a run recorded it, or made up.

An answer belongs to a node and to the number of its attempt, never to the order in which calls
end: so the same observations come back in every course of events.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, final

from interlock.errors import UsageError
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    Entry,
    GateDecided,
    NodeResolved,
    NodeSettled,
    ProbeAnswered,
    WaitOpened,
)
from interlock.plan import AnyCompiledNode, CompiledGate, CompiledWait, Plan
from interlock.testing.certifying.examples import Examples
from interlock.testing.certifying.places import actions_of, every_node, node_at, plain
from interlock.values import Digest, Json, Path, digest

Does: TypeAlias = Literal["output", "error", "not_applied", "permanent", "decide"]
Source: TypeAlias = Literal["declared", "recorded", "generated"]
FORMS: tuple[Does, ...] = ("output", "error", "not_applied", "permanent", "decide")
DECISIONS = ("approved", "rejected", "nobody")
NOT_IN_TIME = ("IL6021", "IL6023")
"""Codes of errors that say that nobody decided, or that no signal came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one attempt is answered with.

    Attributes:
        does: `output` returns `value`, of a wait it is the payload of the signal; `error`,
            `not_applied` and `permanent` raise with it as text; `decide` is about gates and waits:
            `approved`, `rejected`, `nobody`.
    """

    does: Does = "output"
    value: Json = None


APPROVED = Answer(does="decide", value="approved")
NOBODY = Answer(does="decide", value="nobody")


@final
class Answers:
    """Answers by path, or by action; the rest is made up.

    A path may leave out items and turns.

    ```python
    Answers.of({"charge": {"output": {"id": "ch_1"}}, "poll": [{"error": "busy"}, {"output": 3}]})
    ```

    Args:
        given: one answer for each attempt; the last one is repeated.
        source: where `given` comes from.
        seed: of what is made up.
    """

    def __init__(
        self,
        given: Mapping[str, Sequence[Answer]] | None = None,
        *,
        source: Source = "generated",
        seed: int = 0,
    ) -> None:
        self.given: Mapping[str, Sequence[Answer]] = given or {}
        self.source: Source = source
        self.examples = Examples(seed=seed)

    @classmethod
    def of(cls, tree: Json, *, seed: int = 0) -> "Answers":
        """Read declared answers from JSON data.

        Raises:
            UsageError: it is not understood; says where.
        """
        if not isinstance(tree, dict):
            raise UsageError(
                "answers are a mapping of paths and actions to answers",
                hint="such as {charge: {output: {id: ch_1}}}",
            )
        given = {name: _answers(name, one) for name, one in tree.items()}
        return cls(given, source="declared", seed=seed)

    @classmethod
    def recorded(cls, entries: Iterable[Entry], *, seed: int = 0) -> "Answers":
        """Take the answers that a run got."""
        taken = _Recording()
        for entry in entries:
            taken.take(entry)
        return cls(taken.given, source="recorded", seed=seed)

    def varied(self, variant: int) -> "Answers":
        """Return the same answers with others where they are made up."""
        changed = Answers(self.given, source=self.source)
        changed.examples = Examples(seed=self.examples.seed, variant=variant)
        return changed

    def check(self, plan: Plan) -> None:
        """Check that all that is declared is about something in a plan.

        Raises:
            UsageError: a name is neither a path nor an action, or what is there answers otherwise.
        """
        if self.source != "declared":
            return
        known = [*actions_of(plan), *every_node(plan)]
        for name in self.given:
            if node_at(plan, name) is None and name not in known and plain(name) not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"
                raise UsageError(f"the answers name `{name}`, which is not in the graph", hint=hint)
            _check_form(name, node_at(plan, name), self.given[name])

    def find(self, path: Path, action: str | None, number: int) -> Answer | None:
        """Find what is given for the n-th attempt of a node; n counts from 1."""
        for name in (path, plain(path), action):
            found = self.given.get(name) if name is not None else None
            if found:
                return found[min(number, len(found)) - 1]
        return None

    def truth(self, path: Path, action: str, number: int) -> Json | None:
        """The first output that is given from the n-th attempt on, if there is any."""
        for name in (path, plain(path), action):
            for answer in self.given.get(name, ())[number - 1 :]:
                if answer.does == "output":
                    return answer.value
        return None

    def digest(self) -> Digest:
        """Return a digest of all that they say, and of what makes up the rest."""
        given: dict[str, Json] = {
            name: [[answer.does, answer.value] for answer in answers]
            for name, answers in self.given.items()
        }
        return digest("answers", [given, self.examples.seed, self.examples.variant])


def _check_form(name: str, node: AnyCompiledNode | None, answers: Sequence[Answer]) -> None:
    """Check that a node can be answered like this: persons decide at gates, and calls return."""
    for answer in answers:
        match node:
            case CompiledGate():
                fits, told = answer.does == "decide", f"decide: {' | '.join(DECISIONS)}"
            case CompiledWait():
                fits = answer.does == "output" or answer == NOBODY
                told = "output: PAYLOAD, or decide: nobody"
            case _:
                fits, told = answer.does != "decide", "output, error, not_applied or permanent"
        if not fits:
            raise UsageError(f"the answer of `{name}` does not fit it", hint=f"write {told}")


def _answers(name: str, tree: Json) -> tuple[Answer, ...]:
    if isinstance(tree, list) and tree:
        return tuple(_answer(name, one) for one in tree)
    return (_answer(name, tree),)


def _answer(name: str, tree: Json) -> Answer:
    form = next(iter(tree), "") if isinstance(tree, dict) and len(tree) == 1 else ""
    if form not in FORMS:
        raise UsageError(
            f"the answer of `{name}` is not understood: {tree!r:.80}",
            hint=f"write one of {', '.join(FORMS)}, such as {{output: VALUE}}, or a list of them",
        )
    value = cast(dict[str, Json], tree)[form]
    if form == "decide" and value not in DECISIONS:
        raise UsageError(
            f"the answer of `{name}` decides {value!r:.40}",
            hint=f"a decision is one of {', '.join(DECISIONS)}",
        )
    return Answer(does=form, value=value)


@dataclass(slots=True)
class _Recording:
    """The answers of a journal, by path; `awaited` are the waits for a signal."""

    given: dict[str, list[Answer]] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)

    def take(self, entry: Entry) -> None:
        match entry.event:
            case AttemptReturned(path=path, output=output):
                self._add(path, Answer(value=output.json))
            case ProbeAnswered(path=path, output=output) | NodeResolved(path=path, output=output):
                if output is not None:
                    self._add(path, Answer(value=output.json))
            case AttemptFailed(path=path, error=error, output=output, ahead=ahead):
                if output is not None and ahead:
                    self._add(path, Answer(value=output.json))
                elif output is None:
                    does: Does = "not_applied" if error.not_applied else "error"
                    self._add(path, Answer(does=does, value=error.message))
            case NodeSettled(path=path, ahead=True, output=output) if output is not None:
                self._add(path, Answer(value=output.json))
            case GateDecided(path=path, verdict=verdict):
                self._add(path, Answer(does="decide", value=verdict))
            case WaitOpened(path=path, signal=str()):
                self.awaited.add(path)
            case NodeSettled(path=path, error=error) if error is not None and (
                error.code in NOT_IN_TIME
            ):
                self._add(path, NOBODY)
            case NodeSettled(path=path, output=output) if path in self.awaited:
                # Signals may name no path: it is the wait that says which one it got.
                if output is not None:
                    self._add(path, Answer(value=output.json))
            case _:
                pass

    def _add(self, path: str, answer: Answer) -> None:
        self.given.setdefault(path, []).append(answer)
