"""Checkpoints: a published log with all its checkpoints, and what is no checkpoint."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    EMPTY_ROOT,
    TREE_SIZE_MAX,
    Checkpoint,
    Frontier,
    TreeHead,
    leaf_hash,
    open_checkpoint,
    parse_checkpoint,
    parse_key,
    prove_consistency,
    sign_checkpoint,
    signer_from_seed,
    verify_consistency,
)
from interlock.errors import EvidenceRefused

LOG_FOLDER = Path(__file__).parents[3] / "../shared/data/tlog/tessera/testdata/log"
LOG_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
LOG = signer_from_seed("example.com/log", bytes(range(32)))
OLD_KEY = signer_from_seed("example.com/log", bytes(range(1, 33)))
WORDS = "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten"
ROOT = leaf_hash(b"leaf")
ROOT_TEXT = "DSfif3gnzNdFGZ6Os6avNo4QZK9Crp+DdA6YEh4rwCU="


def checkpoint(size: int = 1, *extensions: str) -> Checkpoint:
    return Checkpoint(
        origin="example.com/log", tree=TreeHead(size=size, root=ROOT), extensions=extensions
    )


def test_all_checkpoints_of_a_published_log_are_of_one_growing_tree():
    if not LOG_FOLDER.exists():
        pytest.skip("no published log at hand")
    origin, key = "example.com/log/testdata", parse_key(LOG_KEY)
    leaves = [leaf_hash(word.encode()) for word in WORDS.split()]

    def subtrees(height: int, index: int) -> bytes:
        part = Frontier()
        part.extend(leaves[index << height : (index + 1) << height])
        return part.root()

    heads: list[TreeHead] = []
    frontier = Frontier()
    for size in range(len(leaves) + 1):
        data = (LOG_FOLDER / f"checkpoint.{size}").read_bytes()
        head = open_checkpoint(data, origin=origin, keys=[key]).checkpoint.tree
        assert head == TreeHead(size=size, root=frontier.root())
        for old in heads[1:]:
            verify_consistency(old, head, prove_consistency(old.size, size, subtrees))
        heads.append(head)
        frontier.extend(leaves[size : size + 1])


def test_a_checkpoint_is_signed_and_opened():
    note = sign_checkpoint(checkpoint(7, "extension"), [LOG, OLD_KEY])
    keys = [OLD_KEY.verifier(), LOG.verifier()]
    opened = open_checkpoint(str(note).encode(), origin="example.com/log", keys=keys)
    assert opened.checkpoint == checkpoint(7, "extension")
    assert [verified.key for verified in opened.verified] == keys
    assert opened.note == note


def test_a_checkpoint_of_another_log_is_refused():
    data = str(sign_checkpoint(checkpoint(), [LOG])).encode()
    with pytest.raises(EvidenceRefused) as caught:
        open_checkpoint(data, origin="example.com/other", keys=[LOG.verifier()])
    assert caught.value.code == "IL8509"


def test_the_text_of_a_checkpoint():
    assert checkpoint(20852163, "more").text() == f"example.com/log\n20852163\n{ROOT_TEXT}\nmore\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n1\n",
        f"log\n1\n{ROOT_TEXT}",
        f"\n1\n{ROOT_TEXT}\n",
        f"log\n\n{ROOT_TEXT}\n",
        f"log\n01\n{ROOT_TEXT}\n",
        f"log\n-1\n{ROOT_TEXT}\n",
        f"log\n+1\n{ROOT_TEXT}\n",
        f"log\n 1\n{ROOT_TEXT}\n",
        f"log\n1_0\n{ROOT_TEXT}\n",
        f"log\n\u0661\n{ROOT_TEXT}\n",
        f"log\n\u00b2\n{ROOT_TEXT}\n",
        f"log\n{TREE_SIZE_MAX + 1}\n{ROOT_TEXT}\n",
        f"log\n{'9' * 5000}\n{ROOT_TEXT}\n",
        f"log\n0\n{ROOT_TEXT}\n",
        f"log\n1\n{ROOT_TEXT[:-1]}\n",
        f"log\n1\n{ROOT_TEXT[:-4]}\n",
        f"log\n1\n{ROOT_TEXT}=\n",
        f"log\n1\n{ROOT_TEXT} \n",
        f"log\n1\n{ROOT_TEXT}\n\n",
        f"log\n1\n{ROOT_TEXT}\n\nmore\n",
        f"log\r\n1\n{ROOT_TEXT}\n",
        f"log\n1\n{ROOT_TEXT}\n\ud800\n",
        f"{'x' * 256}\n1\n{ROOT_TEXT}\n",
    ],
)
def test_what_is_no_checkpoint(text: str):
    with pytest.raises(EvidenceRefused) as caught:
        parse_checkpoint(text)
    assert caught.value.code in {"IL8508", "IL8504"}


@given(text=st.text() | st.lists(st.text(max_size=9), min_size=3, max_size=5).map("\n".join))
def test_any_text_is_a_checkpoint_or_refused_with_our_error(text: str):
    try:
        found = parse_checkpoint(text)
    except EvidenceRefused:
        return
    assert found.text() == text


def test_the_largest_and_the_smallest_tree():
    assert parse_checkpoint(checkpoint(TREE_SIZE_MAX).text()) == checkpoint(TREE_SIZE_MAX)
    empty = Checkpoint(origin="log", tree=TreeHead(size=0, root=EMPTY_ROOT))
    assert parse_checkpoint(empty.text()) == empty


@pytest.mark.parametrize(
    "odd",
    [
        checkpoint(1, "two\nlines"),
        checkpoint(1, ""),
        checkpoint(-1),
        Checkpoint(origin="two\nlines", tree=TreeHead(size=1, root=ROOT)),
        Checkpoint(origin="", tree=TreeHead(size=1, root=ROOT)),
        Checkpoint(origin="log", tree=TreeHead(size=1, root=ROOT[:31])),
    ],
)
def test_nothing_is_signed_that_could_not_be_read(odd: Checkpoint):
    with pytest.raises(EvidenceRefused):
        sign_checkpoint(odd, [LOG])
