"""What all tests share: Hypothesis profiles, Ctrl-C, and sockets for end-to-end tests only."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

E2E = Path(__file__).parent / "e2e"
LOOPBACK = ["127.0.0.1", "::1"]

# No deadlines: a busy machine is no bug. In CI the same commit tries the same cases.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=500, deadline=None, derandomize=True, database=None, print_blob=True
)
settings.register_profile(
    "night",
    max_examples=20_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)

# Who starts the tests in the background may have Ctrl-C ignored, and all that they start with it.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests under `e2e/`, and let them reach the loopback interface and nothing else."""
    if item.path.is_relative_to(E2E):
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
