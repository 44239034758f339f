"""Driving: one run in one process, from its first event here to its last."""

from interlock.runtime.driving.driver import Driver as Driver
from interlock.runtime.driving.showing import Observer as Observer

__all__ = ["Driver", "Observer"]
