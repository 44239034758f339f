"""The demo of receipts: it ends with a check, and with a tampered copy that is refused."""

import subprocess
from pathlib import Path

import pytest

from e2e.demo.process import DEMO, Shown, environment, show_demo, stopped_at


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return show_demo(tmp_path_factory.mktemp("audit"), "audit")


def test_it_ends_well(told: Shown):
    assert told.code == 0, told.text
    assert "Traceback" not in told.text
    assert "WRONG" not in told.text


def test_the_receipt_is_verified_and_shows_who_consented(told: Shown):
    check = told.text.partition("== The auditor checks it")[2].partition("== ")[0]
    assert "verified: run" in check
    assert "consent: GateDecided approved by" in check
    assert "shown      none of Zoe Marsh, 4417-0093" in told.text


def test_the_tampered_copy_is_refused_with_its_place(told: Shown):
    act = told.text.partition("== A copy in which eve consented")[2].partition("== ")[0]
    assert "error[IL85" in act
    assert "place: $." in act


def test_a_folder_with_something_in_it_is_left_alone(told: Shown):
    again = subprocess.run(
        [*DEMO, "audit", "--folder", str(told.workspace)],
        env=environment(told.folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 2
    assert "is not empty" in again.stderr


@pytest.mark.slow
def test_ctrl_c_ends_it_and_says_what_is_left(tmp_path: Path):
    text = stopped_at("== A receipt", tmp_path, "audit")
    _, _, left = text.partition("== Stopped; this is left\n")
    (workspace,) = tmp_path.glob("interlock-demo-*")
    assert f"  workspace  {workspace}\n" in left
    assert f"rm -r {workspace}\n" in left
