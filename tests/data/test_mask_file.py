"""Masks survive the disk bit by bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg_gui.data.mask_file import read_mask, write_mask
from medseg_gui.errors import DataError, OutputError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 1)))
def test_round_trip_is_exact(tmp_path: Path, mask: np.ndarray) -> None:
    write_mask(tmp_path / "µ.png", mask)
    np.testing.assert_array_equal(read_mask(tmp_path / "µ.png"), mask)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("a.png", "empty.png", "missing.png"):
        with pytest.raises(DataError, match=name):
            read_mask(tmp_path / name)


def test_a_failed_write_leaves_the_old_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = np.eye(5, dtype=np.uint8)
    write_mask(tmp_path / "m.png", old)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        write_mask(tmp_path / "m.png", 1 - old)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), old)
    assert [p.name for p in tmp_path.iterdir()] == ["m.png"]
