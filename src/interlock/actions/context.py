"""What an action may ask of the runtime while it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from operator import index
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, cast

from interlock.actions.manifest import Manifest
from interlock.errors import UsageError
from interlock.values import Digest, Json, Path, Schema, immutable, mutable

T = TypeVar("T")
LiveKind: TypeAlias = Literal["chunk", "heartbeat"]
NOWHERE = Path("")


@mutable(kw_only=True)
class Usage:
    """What an attempt says it consumed. Money is in millionths of a dollar."""

    tokens: int = 0
    cost_usd_micros: int = 0


class Database(Protocol):
    """The database of the journal, as a transactional action sees it.

    Its statements commit together with the outcome of the attempt, or not at all.
    """

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute statements and return all rows.

        Raises:
            TransactionRefused: a statement is wrong, breaks a constraint, touches tables of the
                journal, or the transaction has taken too long.
        """
        ...


def no_secret(name: str) -> str:
    """Refuse a secret, for runtimes that were given none."""
    raise UsageError(f"no secret `{name}` is configured", hint="pass `secrets=` to the Runtime")


def say_nothing(kind: LiveKind, value: Json) -> None:
    """Drop what an action says while it runs, for runtimes that nobody watches."""


@immutable()
class ProposalRules:
    """What a graph that is proposed here may use, and what its outputs must satisfy."""

    actions: Mapping[str, Manifest]
    returns: Schema = True


@mutable(kw_only=True)
class Context:
    """Injected into an action that has a parameter annotated with `Context`.

    It is not part of the schema, nor of the call key.

    Attributes:
        idempotency_key: equal for all attempts of one generation of a node; send it to the
            receiver.
        attempt_no: counts from 1.
        path: of the node that calls, such as `docs[3]/fetch`.
        deadline_ms: wall-clock time, in ms since the epoch, after which nothing may be sent any
            more.
        feedback: what was wrong with the last attempt, when the node has `retry: {feedback: true}`
            or repairs.
        previous: what the last attempt returned, when that is what `feedback` is about.
        proposal: the rules of what the action proposes, when a `propose` node calls it.
        random: a float in [0, 1) drawn from the attempt's seed, so that it is the same on every
            machine.
    """

    idempotency_key: Digest
    attempt_no: int
    deadline_ms: int
    now: Callable[[], int]
    random: Callable[[], float]
    path: Path = NOWHERE
    feedback: tuple[str, ...] = ()
    previous: Json = None
    proposal: ProposalRules | None = None
    usage_total: Usage = field(default_factory=Usage)
    secret: Callable[[str], str] = no_secret
    say: Callable[[LiveKind, Json], None] = say_nothing
    resources: Mapping[type[object], object] = field(default_factory=dict[type[object], object])
    is_cancelled: Callable[[], bool] = lambda: False
    transaction: Database | None = None

    @property
    def database(self) -> Database:
        """The database of the journal, for an action that is declared `transactional`.

        Raises:
            UsageError: the action is not.
        """
        if self.transaction is None:
            raise UsageError(
                "only a transactional action has the database of the journal",
                hint='declare it: @action(effect="write", transactional=True)',
            )
        return self.transaction

    @property
    def cancelled(self) -> bool:
        """Whether the attempt was cancelled.

        Threads must look, since they cannot be interrupted.
        """
        return self.is_cancelled()

    def emit(self, chunk: Json) -> None:
        """Show a part of the output to whoever watches, before there is all of it.

        Chunks are live only: they are not journaled, and no node and no replay sees them. Who
        watches gets them in order and with secrets masked; when there are more than can be shown,
        the oldest are dropped. This returns at once, raises nothing, and may be called in threads.

        Args:
            chunk: JSON data of at most 16 KiB, such as the next words of a model. Of anything else
                it is told why it is not shown.
        """
        self.say("chunk", chunk)

    def heartbeat(self, details: Json = None) -> None:
        """Show whoever watches that the action is at work; as live, and as safe, as `emit`.

        It prolongs nothing: `timeout`, `deadline` and the lease of the run stay as they are.

        Args:
            details: what to say, such as how far the work is.
        """
        self.say("heartbeat", details)

    def usage(self, *, tokens: int = 0, cost_usd: float = 0.0) -> None:
        """Report consumption; calls add up, and the sum is journaled with the outcome.

        Raises:
            TypeError: `tokens` is no integer.
        """
        self.usage_total.tokens += index(tokens)
        self.usage_total.cost_usd_micros += round(cost_usd * 1_000_000)

    def resource(self, kind: type[T]) -> T:
        """Return the client of this type that the application passed to the runtime.

        Raises:
            UsageError: no resource of that type was passed.
        """
        found = self.resources.get(kind)
        if found is None:
            raise UsageError(
                f"no resource of type `{kind.__name__}` was passed to the runtime",
                hint=f"Runtime(..., resources=[{kind.__name__}(...)])",
            )
        return cast(T, found)
