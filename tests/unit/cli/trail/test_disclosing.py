"""What a receipt shows, as it is said on the command line."""

import pytest

from interlock.cli.trail.disclosing import asked_of, disclosure_of
from interlock.errors import UsageError
from unit.audit.logs import a_log

KEYED = 'docs["a7"]/words'


@pytest.mark.parametrize(
    "text,path,part",
    [
        ("charge", "charge", "output"),
        ("charge.output", "charge", "output"),
        ("docs", KEYED, "output"),
        ("docs", "docs!undo", "output"),
        ("docs.output", KEYED, "path"),
        (KEYED, KEYED, "path"),
        (f"{KEYED}.output", KEYED, "output"),
        ('docs["a.b"].output', 'docs["a.b"]', "output"),
        (".inputs", None, "inputs"),
        ("all.usage", KEYED, "usage"),
        ("all", KEYED, "path"),
        ("all", None, "execution"),
    ],
)
def test_what_is_meant(text: str, path: str | None, part: str):
    assert asked_of(text).covers(path, part)


@pytest.mark.parametrize(
    "text,path,part",
    [
        ("charge", "charges", "output"),
        ("charge", None, "output"),
        ("charge.output", "charge", "args"),
        ("docs.output", KEYED, "args"),
        (".inputs", "charge", "inputs"),
        ("all.usage", KEYED, "path"),
    ],
)
def test_what_is_not_meant(text: str, path: str | None, part: str):
    assert not asked_of(text).covers(path, part)


def test_what_is_nowhere_is_refused_with_what_is_near():
    events = a_log().evidence().events
    for text, hint in (
        ("chrage", "did you mean `charge`?"),
        ("charge.inputs", "there are: `actor`, `args`, `call_key`, `output`"),
        ("all.nothing", "`execution`"),
    ):
        with pytest.raises(UsageError) as caught:
            disclosure_of([text], [], events)
        assert hint in caught.value.hint


def test_a_part_of_a_node_goes_with_its_hidden_path():
    events = a_log().evidence().events
    shown = disclosure_of(["docs.output"], [], events)
    covered = {part for part in events[6].leaf.parts if shown.covers("NodeSettled", KEYED, part)}
    assert covered == {"output", "path"}
