"""The seed of a simulation: `make sim SEED=7`, or the same few in every run of the tests."""

import os

import pytest

SEEDS = (1, 2, 3)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `seed` to each test that takes it, and let its name say which one it was."""
    if "seed" in metafunc.fixturenames:
        given = os.environ.get("INTERLOCK_SIM_SEED")
        seeds = (int(given),) if given else SEEDS
        metafunc.parametrize("seed", seeds)
