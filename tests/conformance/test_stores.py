"""Our stores under the public suite."""

from contextlib import closing
from pathlib import Path

import pytest

from interlock.store import MeasuredStore, Store, open_store
from interlock.testing import FaultyStore, StoreConformance
from interlock.testing.store import ME, YOU, A, B, record, value


class Measured(StoreConformance):
    """Ours count, too."""

    def make(self) -> MeasuredStore:
        raise NotImplementedError

    def test_statistics_count_what_was_written(self):
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=0, life_ms=10)
            store.lease(A, YOU, now_ms=10, life_ms=10)
            store.write(
                [record(B, 1, body=b"12345", values=[value(b"123")]), record(B, 2, body=b"")]
            )
            store.write([record(A, 1, body=b"fenced")])
            store.write([])
            found = store.statistics()
        assert (found.commits, found.events, found.values, found.bytes) == (1, 2, 1, 8)


class TestMemory(Measured):
    def make(self) -> MeasuredStore:
        return open_store("memory:")


class TestSqlite(Measured):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path):
        self.folder = tmp_path
        self.made = 0

    def make(self) -> MeasuredStore:
        self.made += 1
        return open_store(str(self.folder / f"{self.made}.db"))


class TestFaultyWithoutFaults(StoreConformance):
    def make(self) -> Store:
        return FaultyStore(open_store("memory:"))
