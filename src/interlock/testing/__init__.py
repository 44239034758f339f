"""The public test kit: conformance suites for backends, and stores that fail by plan."""

from interlock.testing.faults import Fault as Fault, FaultyStore as FaultyStore
from interlock.testing.store import StoreConformance as StoreConformance

__all__ = ["Fault", "FaultyStore", "StoreConformance"]
