"""Paths are taken apart before anything is opened."""

import pytest
from hypothesis import given, strategies as st

from interlock.library.rooted import PathRefused, names_of


@pytest.mark.parametrize(
    "path, names",
    [
        (".", ()),
        ("a", ("a",)),
        ("a//b/./c/", ("a", "b", "c")),
        ("..a/b..", ("..a", "b..")),
        ("ä b/\\..\\c", ("ä b", "\\..\\c")),
    ],
)
def test_names_of_a_path(path: str, names: tuple[str, ...]):
    assert names_of(path) == names


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "..", "a/../b", "a/..", "../a", "a\0b", "x" * 5000, "a/" * 70]
)
def test_paths_that_are_refused(path: str):
    with pytest.raises(PathRefused):
        names_of(path)


@given(
    st.lists(st.sampled_from(["a", "..", ".", "", "/", "\0", "b c", "~"]), max_size=8).map("/".join)
)
def test_no_name_leads_out(path: str):
    try:
        names = names_of(path)
    except PathRefused:
        assert path.startswith("/") or ".." in path.split("/") or not path or "\0" in path
    else:
        assert all(name not in ("", ".", "..") and "/" not in name for name in names)
