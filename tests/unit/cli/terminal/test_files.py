"""A file that a command is told to write."""

from pathlib import Path

import pytest

from interlock.cli.terminal.files import write_file
from interlock.errors import UsageError


def test_a_text_is_written_as_it_is(tmp_path: Path):
    place = tmp_path / "report.html"
    place.write_text("a longer text that was there", encoding="utf-8")
    write_file(str(place), ["é\n", "b\r\n"])
    assert place.read_bytes() == "é\nb\r\n".encode()


def test_what_cannot_be_written_is_named_with_the_cause(tmp_path: Path):
    place = tmp_path / "absent" / "report.html"
    with pytest.raises(UsageError) as caught:
        write_file(str(place), ["text"])
    assert caught.value.message == f"{place} cannot be written: No such file or directory"
    assert "name another file" in caught.value.hint


def test_a_full_disk_asks_for_room():
    with pytest.raises(UsageError) as caught:
        write_file("/dev/full", ["text"])
    assert caught.value.hint == "make room"
