"""`medseg doctor --selftest`: what it tells when all is well, and when something is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medseg_gui.cli import run
from medseg_gui.commands.self_test import SelfTest
from medseg_gui.errors import WeightsError


def works() -> None:
    """A step that works."""


def lacks_a_library() -> None:
    """As in a bundle from which something was left out."""
    raise ModuleNotFoundError("No module named 'av'")


def finds_no_weights() -> None:
    """As where a file was deleted."""
    raise WeightsError("There are no weights called polyp-unet_lite0; look at `medseg weights list`.")


@pytest.fixture
def with_steps(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put other steps in the place of the self-test's own."""
    return lambda *steps: monkeypatch.setattr(SelfTest, "steps", lambda self: list(steps))


def test_each_step_has_a_line_with_its_time(
    with_steps: Callable[..., None], private_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_steps(works, works)
    assert run(["doctor", "--selftest"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("works ")]
    assert len(lines) == 2
    assert all("works (0.0" in line for line in lines)
    assert not list(private_home.iterdir()), "it takes away what it made"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lacks_a_library, "'lacks_a_library' (ModuleNotFoundError: No module named 'av')"),
        (finds_no_weights, "no weights"),
    ],
)
def test_a_step_that_fails_is_told_in_a_sentence_and_ends_with_one(
    with_steps: Callable[..., None],
    private_home: Path,
    capsys: pytest.CaptureFixture[str],
    step: Callable[[], None],
    told: str,
) -> None:
    with_steps(works, step, works)
    assert run(["doctor", "--selftest"]) == 1
    said = capsys.readouterr()
    assert said.out.count("works (") == 1
    assert len(said.err.strip().splitlines()) == 1
    assert told in said.err
    assert not list(private_home.iterdir())


def test_a_home_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "file" / "home"))
    assert run(["doctor", "--selftest"]) == 2
    assert "set MEDSEG_HOME to another" in capsys.readouterr().err
