"""The journal of a run: typed events, their bytes, and the records a store keeps."""

from interlock.journal.codec import decode_entry as decode_entry
from interlock.journal.codec import encode_entry as encode_entry
from interlock.journal.codec import refs_of as refs_of
from interlock.journal.codec import values_of as values_of
from interlock.journal.events import AttemptFailed as AttemptFailed
from interlock.journal.events import AttemptReturned as AttemptReturned
from interlock.journal.events import AttemptStarted as AttemptStarted
from interlock.journal.events import Entry as Entry
from interlock.journal.events import Event as Event
from interlock.journal.events import NodeInDoubt as NodeInDoubt
from interlock.journal.events import NodeResolved as NodeResolved
from interlock.journal.events import NodeSettled as NodeSettled
from interlock.journal.events import NodeStatus as NodeStatus
from interlock.journal.events import ProbeAnswer as ProbeAnswer
from interlock.journal.events import ProbeAnswered as ProbeAnswered
from interlock.journal.events import ProposalAccepted as ProposalAccepted
from interlock.journal.events import ProposalRefused as ProposalRefused
from interlock.journal.events import RunOutcome as RunOutcome
from interlock.journal.events import RunRecovered as RunRecovered
from interlock.journal.events import RunSettled as RunSettled
from interlock.journal.events import RunStarted as RunStarted
from interlock.journal.events import SETTLED as SETTLED
from interlock.journal.events import SettledStatus as SettledStatus
from interlock.journal.events import Verdict as Verdict
from interlock.journal.records import Lease as Lease
from interlock.journal.records import OwnerId as OwnerId
from interlock.journal.records import Record as Record
from interlock.journal.records import RunHead as RunHead
from interlock.journal.records import RunStatus as RunStatus
from interlock.journal.records import StoredEvent as StoredEvent
from interlock.journal.records import StoredValue as StoredValue
from interlock.journal.values import ErrorInfo as ErrorInfo
from interlock.journal.values import Value as Value

__all__ = [
    "AttemptFailed",
    "AttemptReturned",
    "AttemptStarted",
    "decode_entry",
    "encode_entry",
    "Entry",
    "ErrorInfo",
    "Event",
    "Lease",
    "NodeInDoubt",
    "NodeResolved",
    "NodeSettled",
    "NodeStatus",
    "OwnerId",
    "ProbeAnswer",
    "ProbeAnswered",
    "ProposalAccepted",
    "ProposalRefused",
    "Record",
    "refs_of",
    "RunHead",
    "RunOutcome",
    "RunRecovered",
    "RunSettled",
    "RunStarted",
    "RunStatus",
    "SETTLED",
    "SettledStatus",
    "StoredEvent",
    "StoredValue",
    "Value",
    "values_of",
    "Verdict",
]
