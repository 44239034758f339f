"""The public test kit.

Virtual time, a scripted world, crash points, conformance suites for backends, and disks and stores
that fail.
"""

from interlock.testing.certifying import (
    KINDS as KINDS,
    MEANINGS as MEANINGS,
    QUICK as QUICK,
    WHOLE as WHOLE,
    Answer as Answer,
    Answers as Answers,
    Certification as Certification,
    Course as Course,
    Failure as Failure,
    Kind as Kind,
    Played as Played,
    Sizes as Sizes,
    Tally as Tally,
    certify as certify,
    is_certificate as is_certificate,
)
from interlock.testing.crashes import (
    CrashPoint as CrashPoint,
    Life as Life,
    Lives as Lives,
    every_crash_point as every_crash_point,
)
from interlock.testing.disks import (
    Disk as Disk,
    DiskOp as DiskOp,
    DiskState as DiskState,
    Epoch as Epoch,
)
from interlock.testing.faults import Fault as Fault, FaultyStore as FaultyStore
from interlock.testing.loop import (
    CountingIds as CountingIds,
    Stuck as Stuck,
    VirtualClock as VirtualClock,
    VirtualLoop as VirtualLoop,
    run_virtual as run_virtual,
)
from interlock.testing.powerloss import recording_disk as recording_disk
from interlock.testing.store import StoreConformance as StoreConformance
from interlock.testing.world import (
    Does as Does,
    Moment as Moment,
    Receiver as Receiver,
    Scripted as Scripted,
    World as World,
    answer_to as answer_to,
)

__all__ = [
    "Answer",
    "answer_to",
    "Answers",
    "Certification",
    "certify",
    "CountingIds",
    "Course",
    "CrashPoint",
    "Disk",
    "DiskOp",
    "DiskState",
    "Does",
    "Epoch",
    "every_crash_point",
    "Failure",
    "Fault",
    "FaultyStore",
    "is_certificate",
    "Kind",
    "KINDS",
    "Life",
    "Lives",
    "MEANINGS",
    "Moment",
    "Played",
    "QUICK",
    "Receiver",
    "recording_disk",
    "run_virtual",
    "Scripted",
    "Sizes",
    "StoreConformance",
    "Stuck",
    "Tally",
    "VirtualClock",
    "VirtualLoop",
    "WHOLE",
    "World",
]
