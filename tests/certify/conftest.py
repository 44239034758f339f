"""The seeds of the certifications, as those of the simulation."""

from sim.conftest import pytest_generate_tests

__all__ = ["pytest_generate_tests"]
