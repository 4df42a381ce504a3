"""Settings survive restarts, older files and damage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medseg_gui import paths
from medseg_gui.errors import OutputError
from medseg_gui.settings import MAX_RECENT, Settings, load_settings, save_settings


def test_what_is_saved_is_loaded() -> None:
    settings = Settings(recent=("/ä.mp4",), threshold=0.35, palette="Green and magenta", show_probability=True)
    save_settings(settings)
    assert load_settings() == settings


def test_without_a_file_there_are_defaults() -> None:
    assert load_settings() == Settings()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_a_damaged_file_gives_defaults_and_a_warning(text: str, caplog: pytest.LogCaptureFixture) -> None:
    paths.user_dir().mkdir(parents=True, exist_ok=True)
    paths.settings_file().write_text(text, encoding="utf-8")
    assert load_settings() == Settings()
    assert "unusable" in caplog.text


def test_only_the_bad_entry_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    paths.user_dir().mkdir(parents=True, exist_ok=True)
    stored = {"threshold": "high", "speed": 2, "from the future": 1}
    paths.settings_file().write_text(json.dumps(stored), encoding="utf-8")
    assert load_settings() == Settings(speed=2.0)
    assert "threshold" in caplog.text


def test_recent_sources_are_few_and_each_once() -> None:
    settings = Settings()
    for i in [*range(MAX_RECENT + 5), 3]:
        settings = settings.with_recent(f"/{i}.mp4")
    assert settings.recent[0] == "/3.mp4"
    assert len(settings.recent) == len(set(settings.recent)) == MAX_RECENT


def test_a_failed_save_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(Settings(threshold=0.3))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="No space left"):
        save_settings(Settings(threshold=0.9))
    monkeypatch.undo()
