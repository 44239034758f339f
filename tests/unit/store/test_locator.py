from pathlib import Path

import pytest

from interlock.errors import UsageError
from interlock.journal import RunHead
from interlock.store import open_store
from interlock.testing.store import A, head, record


def test_a_path_and_its_url_are_one_store(tmp_path: Path):
    path = tmp_path / "journal.db"
    for url in (str(path), f"sqlite:{path}"):
        open_store(url).close()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["journal.db", "journal.db-locks"]


def test_memory_is_new_every_time():
    first, second = open_store("memory:"), open_store("memory:")
    first.write([record(A, 1, head=head(A))])
    assert isinstance(first.head(A), RunHead)
    assert second.head(A) is None


@pytest.mark.parametrize("url", ["", "sqlite:", "postgres://host/db", "redis:x"])
def test_an_address_that_is_none_is_refused(url: str):
    with pytest.raises(UsageError) as caught:
        open_store(url)
    assert "sqlite:PATH" in caught.value.hint
    assert caught.value.code == "IL9001"


def test_a_relative_path_is_found_again_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    store = open_store("journal.db")
    monkeypatch.chdir("/")
    store.write([record(A, 1)])
    assert len(store.read(A)) == 1
    store.close()
