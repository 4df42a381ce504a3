"""Where the program's own files and the user's files are: in the source tree, in a wheel, in a frozen bundle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

APP_NAME = "medseg_gui"
_PACKAGE = Path(__file__).resolve().parent


def _shipped(folder: str) -> Path:
    """A folder that travels with the program: inside the wheel or bundle, beside the package in a checkout."""
    base = Path(getattr(sys, "_MEIPASS", _PACKAGE.parent))
    for candidate in (_PACKAGE / folder, base / APP_NAME / folder, base / folder):
        if candidate.is_dir():
            return candidate
    return base / folder


def resources_dir() -> Path:
    """Icons, style, the bundled demo clip, the manual. Read-only."""
    return _shipped("resources")


def models_dir() -> Path:
    """Weights and model cards that came with the program. Read-only."""
    return _shipped("models")


def demo_clip() -> Path:
    """The bundled sample video."""
    return resources_dir() / "demo.mp4"


def user_dir() -> Path:
    """Settings and the user's own weights; `MEDSEG_HOME` overrides it (tests, portable installs)."""
    override = os.environ.get("MEDSEG_HOME")
    return Path(override) if override else Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def user_models_dir() -> Path:
    """Weights the user trained or imported."""
    return user_dir() / "models"


def user_projects_dir() -> Path:
    """Projects that open by themselves, for corrections that were made without one."""
    return user_dir() / "projects"


def user_cache_dir() -> Path:
    """What the program can make again: networks converted for the faster runtime."""
    if os.environ.get("MEDSEG_HOME"):
        return user_dir() / "cache"
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def settings_file() -> Path:
    """The one readable settings file."""
    return user_dir() / "settings.json"


def own_program() -> list[str]:
    """The words that start this program again in a process of its own, also when it is frozen."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "medseg_gui"]
