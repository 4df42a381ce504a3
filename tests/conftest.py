"""Fixtures for every test: a private home, and the real images where they are to be had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "PYTEST_XDIST_WORKER" in os.environ:  # test processes that each take all cores only wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and user weights of a test never reach the real home."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("MEDSEG_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real endoscopy images; `MEDSEG_SHARED_DATA` or `../shared/data` beside the checkout."""
    folder = Path(os.environ.get("MEDSEG_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "polyp").is_dir():
        pytest.skip("the real images in ../shared/data are not here")
    return folder
