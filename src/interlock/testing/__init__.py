"""The public test kit.

Virtual time, a scripted world, crash points, conformance suites for backends, and disks and stores
that fail.
"""

from interlock.testing.crashes import (
    CrashPoint as CrashPoint,
    Life as Life,
    Lives as Lives,
    every_crash_point as every_crash_point,
)
from interlock.testing.faults import Fault as Fault, FaultyStore as FaultyStore
from interlock.testing.loop import (
    CountingIds as CountingIds,
    Stuck as Stuck,
    VirtualClock as VirtualClock,
    VirtualLoop as VirtualLoop,
    run_virtual as run_virtual,
)
from interlock.testing.powerloss import (
    Disk as Disk,
    DiskOp as DiskOp,
    DiskState as DiskState,
    recording_disk as recording_disk,
)
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
    "answer_to",
    "CountingIds",
    "CrashPoint",
    "Disk",
    "DiskOp",
    "DiskState",
    "Does",
    "every_crash_point",
    "Fault",
    "FaultyStore",
    "Life",
    "Lives",
    "Moment",
    "Receiver",
    "recording_disk",
    "run_virtual",
    "Scripted",
    "StoreConformance",
    "Stuck",
    "VirtualClock",
    "VirtualLoop",
    "World",
]
