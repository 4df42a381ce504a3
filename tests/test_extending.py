"""What docs/extending.md tells is put into a copy of the program, and the shared tests hold it to what all promise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "extending.md"
if not PAGE.is_file():
    pytest.skip("docs/ is not in this distribution", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
NEW_FILES = re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, flags=re.DOTALL)
CHANGES = re.findall(r"```diff\n--- (\S+)\n(.*?)```", TEXT, flags=re.DOTALL)
# What the three examples promise, and the tests that every network, explanation and format is held to.
ADDED = ("unet_resnet18", "layercam", "jsonl")
SHARED_TESTS = (
    "tests/networks/test_networks.py",
    "tests/training/test_loop.py",
    "tests/runtime/test_conversion.py",
    "tests/explain/test_lrp.py",
    "tests/test_explanation.py",
    "tests/project/test_exchange.py",
    "tests/project/test_project_command.py",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program and its tests, with the page's examples in their places."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("medseg_gui", "tests", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("models", "resources"):
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, text in NEW_FILES:
        assert not (folder / path).exists()
        (folder / path).write_text(text, encoding="utf-8")
    for path, text in CHANGES:
        change(folder / path, text)
    return folder


def change(path: Path, text: str) -> None:
    """Do what a diff without line numbers says; its old lines stand in the file exactly once."""
    lines = text.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
    content = path.read_text(encoding="utf-8")
    assert content.count(old) == 1, f"{path.name} is not as the page tells: {old!r}"
    path.write_text(content.replace(old, new), encoding="utf-8")


def test_the_page_has_an_example_of_each() -> None:
    assert len(NEW_FILES) == 3
    assert {path.split("/")[1] for path, _ in NEW_FILES} == {"networks", "explain", "project"}
    blocks = re.findall(r"^```(\w*)$", TEXT, flags=re.MULTILINE)
    assert blocks.count("python") + blocks.count("diff") == len(NEW_FILES) + len(CHANGES)


def test_files_and_folders_that_the_page_names_are_there() -> None:
    named = re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?)`", TEXT)
    assert named
    for name in named:
        assert any((base / name).exists() for base in (ROOT, ROOT / "medseg_gui")), name
    for name in re.findall(r"`([A-Z_]{4,})`", TEXT):
        assert any(re.search(rf"\b{name}\b", p.read_text("utf-8")) for p in (ROOT / "medseg_gui").rglob("*.py")), name


def test_what_is_added_as_told_keeps_what_all_promise(copy: Path) -> None:
    words = [" or ".join((*ADDED, "the_choices_are_the_formats")), "-rA", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *SHARED_TESTS, "-k", *words],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    passed = re.findall(r"^PASSED (\S+)", ended.stdout, flags=re.MULTILINE)
    for name in ADDED:
        assert sum(f"[{name}" in test or f"-{name}" in test for test in passed) >= 4


@pytest.mark.parametrize("words", [("check",), ("format", "--check")])
def test_what_is_added_is_in_the_house_style(copy: Path, words: tuple[str, ...]) -> None:
    pytest.importorskip("ruff")
    changed = sorted({path for path, _ in (*NEW_FILES, *CHANGES)})
    command = [sys.executable, "-m", "ruff", *words, "--no-cache", *changed]
    ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_the_command_line_and_the_window_know_what_was_added(copy: Path) -> None:
    code = (
        "from medseg_gui.cli import build_parser; from medseg_gui.project.exchange import FORMATS;"
        "from medseg_gui.qt.relevance_words import METHOD_NAMES; from medseg_gui.qt.state.explanation import CAMS;"
        "from medseg_gui.qt.views.exchange_dialogs import FORMAT_WORDS;"
        "from medseg_gui.qt.views.explain_choices import _CAM_TIPS;"
        "build_parser().parse_args('project export p --format jsonl -o d'.split());"
        "assert set(FORMAT_WORDS) == set(FORMATS); assert set(CAMS) == set(_CAM_TIPS) <= set(METHOD_NAMES)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
