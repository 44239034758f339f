"""Every error of ours has an exit code, and every exit code a meaning."""

import inspect

from interlock import errors
from interlock.cli.terminal.exits import MEANINGS, Exit, exit_of, exit_of_status
from interlock.errors import InterlockError, StoreFailed
from interlock.runtime import RunFailed

CODES = {
    "ActionInvalid": Exit.REFUSED,
    "ContentErased": Exit.GONE,
    "ContentPruned": Exit.GONE,
    "Divergence": Exit.DIVERGED,
    "DocumentInvalid": Exit.REFUSED,
    "EvidenceRefused": Exit.DIVERGED,
    "ExpressionFailed": Exit.REFUSED,
    "ExtraMissing": Exit.USAGE,
    "InputsInvalid": Exit.REFUSED,
    "InternalError": Exit.INTERNAL,
    "JournalCorrupt": Exit.DIVERGED,
    "KeyTaken": Exit.STORE,
    "KeyUnusable": Exit.USAGE,
    "LeaseHeld": Exit.STORE,
    "LeaseLost": Exit.STORE,
    "LimitExceeded": Exit.REFUSED,
    "NoJournal": Exit.USAGE,
    "NotAllowed": Exit.USAGE,
    "OnHold": Exit.REFUSED,
    "RunNotFound": Exit.USAGE,
    "RunNotResumable": Exit.USAGE,
    "StoreError": Exit.STORE,
    "StoreFailed": Exit.STORE,
    "StoreUnusable": Exit.STORE,
    "TransactionRefused": Exit.REFUSED,
    "UsageError": Exit.USAGE,
    "ValueRefused": Exit.REFUSED,
    "WitnessBehind": Exit.DIVERGED,
}


def classes() -> dict[str, type[InterlockError]]:
    found = {name: getattr(errors, name) for name in errors.__all__}
    return {
        name: each
        for name, each in found.items()
        if inspect.isclass(each) and issubclass(each, InterlockError) and each is not InterlockError
    }


def test_every_error_has_the_exit_code_that_is_documented():
    assert set(classes()) == set(CODES)
    found = {name: exit_of(each.__new__(each)) for name, each in classes().items()}
    assert found == CODES
    assert exit_of(RunFailed("x")) == Exit.FAILED


def test_damage_that_is_met_in_writing_is_damage():
    assert exit_of(StoreFailed("x", code="IL7005")) == Exit.DIVERGED


def test_every_exit_code_has_a_meaning():
    assert set(MEANINGS) == set(Exit)


def test_statuses_have_exit_codes():
    statuses = ("succeeded", "failed", "in_doubt", "interrupted", "waiting", "cancelled")
    assert [exit_of_status(status) for status in statuses] == [0, 1, 4, 5, 5, 1]
