"""The error tree. A class exists where a caller would act differently.

InterlockError
├── DocumentInvalid      a document or graph is wrong; carries all diagnostics
├── ValueRefused         a value is not in the domain (not JSON data, NaN, too large ...)
├── InputsInvalid        inputs of a run do not match the graph
├── ActionInvalid        an `@action` declaration is wrong
├── ExpressionFailed     an expression could not be evaluated
├── LimitExceeded        a limit was reached; names it and says how to raise it
├── RunNotFound
├── RunNotResumable      the run is in a state in which the order makes no sense
├── NotAllowed           a person decides who has none of the roles that are asked
├── StoreError
│   ├── StoreUnusable    not a journal, wrong version, read-only, network file system ...
│   │   └── NoJournal    nothing is there yet: name another one, or make it by a run
│   ├── StoreFailed      an I/O error: dispatch stops, reopen and verify
│   ├── JournalCorrupt   stored bytes do not decode or do not match their digest
│   ├── KeyTaken         another run has the key; the caller wants that run
│   ├── LeaseHeld        another owner drives the run
│   └── LeaseLost        a later epoch took the run over; this owner must stop
├── Divergence           a replay differs from its journal
├── EvidenceRefused      a proof, note, checkpoint, tile or receipt does not hold
│   └── WitnessBehind    a proof starts from another tree than the witness has
├── ContentErased        what is needed of a run was erased; names the event
├── TransactionRefused   what an action did in its transaction was undone
├── OnHold               a legal hold keeps what was to be erased or pruned
├── ContentPruned        what was asked for was destroyed when its time was over
├── KeyUnusable          a key file is missing, damaged, or open to others
├── ExtraMissing         an optional dependency is needed; names the extra
├── UsageError           a call or command makes no sense as given
└── InternalError        a bug in Interlock

Raised by actions, and no errors of ours:

ActionFailed             says what to do about it
├── NotApplied           proof that a write did not happen
├── Permanent            do not retry
└── RetryLater           retry, and not before some time has passed
"""

from interlock.errors.diagnostics import Diagnostic, SourceMap, render_all


class InterlockError(Exception):
    """Base of all errors that Interlock raises.

    Attributes:
        code: the stable code, such as `IL7003`.
        message: what happened, with the values in hand.
        hint: what to do.
    """

    code = "IL9000"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        text = f"error[{self.code}]: {self.message}"
        return f"{text}\nhint: {self.hint}" if self.hint else text


class DocumentInvalid(InterlockError):
    """A document or graph is wrong; `diagnostics` has every problem found."""

    code = "IL1100"

    def __init__(
        self, diagnostics: tuple[Diagnostic, ...], source: SourceMap | None = None
    ) -> None:
        super().__init__(render_all(diagnostics, source))
        self.diagnostics = diagnostics
        self.source = source
        self.code = next((d.code for d in diagnostics if d.severity == "error"), self.code)

    def __str__(self) -> str:
        return self.message


class ValueRefused(InterlockError):
    """A value is not JSON data in the domain; `pointer` says where inside the value."""

    code = "IL6003"

    def __init__(self, message: str, *, pointer: str = "$", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pointer = pointer


class InputsInvalid(InterlockError):
    """The inputs of a run do not match the inputs of its graph."""

    code = "IL2010"


class ActionInvalid(InterlockError):
    """An `@action` declaration is wrong."""

    code = "IL2011"


class ExpressionFailed(InterlockError):
    """An expression could not be evaluated."""

    code = "IL6007"


class LimitExceeded(InterlockError):
    """A limit was reached."""

    code = "IL5000"


class RunNotFound(InterlockError):
    """The store has no such run."""

    code = "IL7001"


class RunNotResumable(InterlockError):
    """The run is in a state in which the order makes no sense."""

    code = "IL7002"


class NotAllowed(InterlockError):
    """Somebody decides who has none of the roles that are asked."""

    code = "IL7024"


class StoreError(InterlockError):
    """Base of errors of the store."""

    code = "IL7000"


class TransactionRefused(InterlockError):
    """What an action did in its transaction was undone."""

    code = "IL7023"


class StoreUnusable(StoreError):
    """The file is no journal of ours, of another version, or cannot be used as asked."""

    code = "IL7003"


class NoJournal(StoreUnusable):
    """There is nothing to read at this path yet."""

    code = "IL7020"


class StoreFailed(StoreError):
    """Reading or writing failed; what was not acknowledged may or may not be durable."""

    code = "IL7004"


class JournalCorrupt(StoreError):
    """Stored bytes do not decode, or do not match their digest."""

    code = "IL7005"


class KeyTaken(StoreError):
    """Another run, `run`, was started with the same key. Nothing was written."""

    code = "IL7008"

    def __init__(self, message: str, *, run: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run = run


class LeaseHeld(StoreError):
    """Another owner drives the run; `owner` is that owner, until `expires_ms`."""

    code = "IL7006"

    def __init__(self, message: str, *, owner: str, expires_ms: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.owner = owner
        self.expires_ms = expires_ms


class LeaseLost(StoreError):
    """A later epoch took the run over; nothing of this owner was appended."""

    code = "IL7007"


class Divergence(InterlockError):
    """A replay differs from its journal; `seq` is the first event that differs."""

    code = "IL8001"

    def __init__(self, message: str, *, seq: int, hint: str = "", code: str | None = None) -> None:
        super().__init__(message, hint=hint, code=code)
        self.seq = seq


class ContentErased(InterlockError):
    """What is needed of a run was erased.

    `seq` is the first event that has lost some of it.
    """

    code = "IL8550"

    def __init__(self, message: str, *, seq: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.seq = seq


class EvidenceRefused(InterlockError):
    """A proof, note, checkpoint, tile or receipt does not hold, or is not one.

    `place` says where in the file, `$.leaves[3].leaf` for example, if there is one.
    """

    code = "IL8500"

    def __init__(
        self, message: str, *, hint: str = "", code: str | None = None, place: str = ""
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.place = place


class WitnessBehind(EvidenceRefused):
    """A proof starts from another tree than the witness has; `size` is the one it has."""

    code = "IL8511"

    def __init__(self, message: str, *, size: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.size = size


class OnHold(InterlockError):
    """A legal hold keeps what was to be erased or pruned."""

    code = "IL8603"


class ContentPruned(InterlockError):
    """What was asked for is there no more: it was pruned, as the log says."""

    code = "IL8604"


class KeyUnusable(InterlockError):
    """A key file is missing, damaged, open to others, or cannot do what is asked."""

    code = "IL8514"


class ExtraMissing(InterlockError):
    """An optional dependency is needed."""

    code = "IL9002"


class UsageError(InterlockError):
    """A call or command makes no sense as given."""

    code = "IL9001"


class InternalError(InterlockError):
    """A check inside Interlock failed: a bug."""

    code = "IL9000"


class ActionFailed(Exception):  # no error of ours, as what it is the base of
    """Base of what actions raise; any other exception does as well.

    Attributes:
        hint: what to do; it stands beside the message wherever the failure is shown.
    """

    hint: str = ""

    def __init__(self, *told: object, hint: str = "") -> None:
        super().__init__(*told)
        self.hint = hint


class NotApplied(ActionFailed):
    """Raise it in a write to prove that the write did not happen."""


class Permanent(ActionFailed):
    """Raise it in an action to say that another try cannot help."""


RETRY_AFTER_MS_MAX = 3_600_000
"""The longest wait that an action may ask for: a server that errs must not stop a run for years."""


class RetryLater(ActionFailed):
    """Raise it in an action to say how long the next attempt is to wait.

    Whether there is a next one is for `retry` and `deadline` to say. An hour is the longest wait.

    Attributes:
        after_ms: the wait, in milliseconds, which comes before that of `retry`.
    """

    after_ms: int = 0

    def __init__(self, *told: object, hint: str = "", after_ms: int = 0) -> None:
        super().__init__(*told, hint=hint)
        self.after_ms = after_ms


def ensure(condition: object, message: str, **facts: object) -> None:
    """Stop with `InternalError` unless the condition holds; stays on under `-O`.

    Raises:
        InternalError: the condition is false; the facts are in the message.
    """
    if not condition:
        told = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        raise InternalError(
            f"{message} ({told})" if told else message,
            hint="this is a bug in Interlock, please report it with this message",
        )
