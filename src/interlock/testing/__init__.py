"""The public test kit: conformance suites for backends, and disks and stores that fail."""

from interlock.testing.faults import Fault as Fault, FaultyStore as FaultyStore
from interlock.testing.powerloss import (
    Disk as Disk,
    DiskOp as DiskOp,
    DiskState as DiskState,
    recording_disk as recording_disk,
)
from interlock.testing.store import StoreConformance as StoreConformance

__all__ = [
    "Disk",
    "DiskOp",
    "DiskState",
    "Fault",
    "FaultyStore",
    "recording_disk",
    "StoreConformance",
]
