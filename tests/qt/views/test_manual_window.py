"""The user guide in the window: it opens, links lead on, and what it names is there in the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QAction, QKeySequence, QTextBlock, QTextCursor, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.manual import PAGES, ManualPage, anchor_of
from medseg_gui.qt.actions import ACTIONS, MENUS, SUBMENUS
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.manual import ManualState
from medseg_gui.qt.views.manual_text import ManualText
from medseg_gui.qt.views.manual_window import ManualWindow
from medseg_gui.qt.workers import manual as worker
from medseg_gui.qt.workers.manual import read_page
from medseg_gui.settings import Settings
from tests.conftest import ROOT
from tests.qt.fakes import Heard, thread_name
from tests.test_manual import PROSE, SPANS, TEXTS

LEFT = Qt.MouseButton.LeftButton
ARROWS = {"←": "Left", "→": "Right", "↑": "Up", "↓": "Down"}
# What the window hears itself, without an action.
OTHER_KEYS = {"Esc"}


@pytest.fixture
def window(qtbot: QtBot, pipeline: Pipeline) -> Iterator[MainWindow]:
    """The window with a pipeline that reads pages."""
    window = MainWindow(pipeline.state, Settings())
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


@pytest.fixture
def guide(qtbot: QtBot) -> ManualWindow:
    """A guide whose pages are read at once."""
    manual = ManualState()
    manual.page_wanted.connect(lambda name: manual.set_page(read_page(name)))
    guide = ManualWindow(manual)
    qtbot.addWidget(guide)
    guide.show()
    return guide


def blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def click_link(text: ManualText, target: str) -> None:
    """As a person does: find it, then click on it."""
    for block in blocks(text.document()):
        pieces = block.begin()
        while not pieces.atEnd():
            fragment = pieces.fragment()
            if fragment.charFormat().anchorHref() == target:
                cursor = QTextCursor(text.document())
                cursor.setPosition(fragment.position() + 2)
                text.setTextCursor(cursor)
                text.ensureCursorVisible()
                QTest.mouseClick(text.viewport(), LEFT, pos=text.cursorRect().center() + QPoint(1, 0))
                return
            pieces += 1
    raise AssertionError(f"no link to {target}")


# A person reads


def test_help_opens_the_guide_and_a_link_leads_on(window: MainWindow, qtbot: QtBot) -> None:
    next(a for a in window.findChildren(QAction) if a.text() == "&User guide").trigger()
    guide = window.findChild(ManualWindow)
    qtbot.waitUntil(lambda: "First steps" in guide.text.toPlainText())
    click_link(guide.text, "annotator.md")
    qtbot.waitUntil(lambda: guide.text.toPlainText().startswith("Correct masks"))
    assert guide.contents.currentItem().text() == "Correct masks"


def test_it_opens_once_and_where_it_was_left(window: MainWindow, qtbot: QtBot) -> None:
    window.named_actions["manual"].trigger()
    guide = window.findChild(ManualWindow)
    guide.contents.setCurrentRow(2)
    qtbot.waitUntil(lambda: guide.text.toPlainText().startswith("Correct masks"))
    window.named_actions["manual"].trigger()
    assert window.findChildren(ManualWindow) == [guide]
    guide.close()
    qtbot.waitUntil(lambda: not window.findChildren(ManualWindow))
    window.named_actions["manual"].trigger()
    again = window.findChild(ManualWindow)
    assert again.text.toPlainText().startswith("Correct masks")


def test_esc_closes_it(guide: ManualWindow) -> None:
    QTest.keyClick(guide.text, Qt.Key.Key_Escape)
    assert not guide.isVisible()


def test_the_welcome_page_leads_to_it(window: MainWindow) -> None:
    button = next(b for b in window.welcome.findChildren(QToolButton) if "guide" in b.text())
    QTest.mouseClick(button, LEFT)
    assert window.findChild(ManualWindow).isVisible()


def test_a_page_that_is_no_longer_wanted_is_not_shown(guide: ManualWindow) -> None:
    guide._manual.wanted = "training"
    guide._manual.set_page(ManualPage("annotator", "# late"))
    assert "late" not in guide.text.toPlainText()


def test_pages_are_read_off_the_main_thread(pipeline: Pipeline, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def read(name: str) -> ManualPage:
        threads.append(thread_name())
        return ManualPage(name, "# x")

    monkeypatch.setattr(worker, "read_page", read)
    heard = Heard(pipeline.state.manual.page_changed)
    pipeline.state.manual.want("training")
    qtbot.waitUntil(lambda: len(heard) == 1)
    assert threads == ["ManualWorker"]


@pytest.mark.parametrize(
    "address", ["https://example.org", "http://127.0.0.1/", "file:///etc/hostname", "mailto:a@b.org", "other.md"]
)
def test_other_links_open_nothing(guide: ManualWindow, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = guide.text.toPlainText()
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda url: pytest.fail(f"{url} was opened"))
    guide.text.anchorClicked.emit(QUrl(address))
    assert guide.text.toPlainText() == before


def test_a_picture_that_is_not_of_the_page_is_not_loaded(guide: ManualWindow) -> None:
    kind = QTextDocument.ResourceType.ImageResource.value
    assert guide.text.loadResource(kind, QUrl.fromLocalFile(str(ROOT / "resources" / "screenshot.png"))) is None
    assert guide.text.loadResource(kind, QUrl("https://example.org/a.png")) is None


# How it looks


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_window(guide: ManualWindow, name: str) -> None:
    for width in (1400, 1120, 760):
        guide.resize(width, 700)
        guide.open_page(name)
        assert guide.text.document().idealWidth() <= guide.text.viewport().width()
        assert guide.text.horizontalScrollBar().maximum() == 0


def test_pictures_follow_the_width_and_are_never_enlarged(guide: ManualWindow) -> None:
    wide = np.zeros((100, 2000, 3), np.uint8)
    narrow = np.zeros((100, 60, 3), np.uint8)
    guide.text.show_page(ManualPage("index", "![a](a.png)\n\n![b](b.png)", {"a.png": wide, "b.png": narrow}))
    for width in (1120, 800):
        guide.resize(width, 700)
        sizes = {
            name: guide.text.document().resource(QTextDocument.ResourceType.ImageResource, QUrl(name)).width()
            for name in ("a.png", "b.png")
        }
        assert sizes == {"a.png": guide.text.viewport().width() - 64, "b.png": 60}


def test_a_heading_is_scrolled_to(guide: ManualWindow) -> None:
    guide.open_page("annotator", anchor_of("Carry a mask to other frames"))
    text = guide.text
    assert text.textCursor().block().text() == "Carry a mask to other frames"
    assert 0 <= text.cursorRect().top() < 100
    guide.open_page("training")
    assert text.verticalScrollBar().value() == 0


# What it says is so


def keys_of_the_program() -> set[str]:
    bound = {QKeySequence(key).toString() for spec in ACTIONS for key in spec.keys}
    return bound | {key.replace("Return", "Enter") for key in bound} | OTHER_KEYS


def is_other_than_a_key(span: str) -> bool:
    """Commands, options, files and the demo's name."""
    return span.startswith(("medseg", "--", "MEDSEG_")) or span.endswith(("/", ".csv", ".jsonl")) or span == "demo"


@pytest.mark.parametrize(("page", "span"), [(p, s) for p, s in SPANS if not is_other_than_a_key(s)])
def test_a_key_that_is_named_is_a_key(page: str, span: str) -> None:
    key = span
    for sign, word in ARROWS.items():
        key = key.replace(sign, word)
    assert QKeySequence(key).toString() in keys_of_the_program()


@pytest.mark.parametrize("span", sorted({s for _, s in SPANS if s.endswith(("/", ".csv", ".jsonl")) or "MEDSEG" in s}))
def test_a_file_that_is_named_is_known_to_the_program(span: str) -> None:
    assert any(span.rstrip("/") in path.read_text(encoding="utf-8") for path in (ROOT / "medseg_gui").rglob("*.py"))


@pytest.mark.parametrize(
    "path", sorted({path for text in PROSE.values() for path in re.findall(r"\*([A-Z][^*\n]* → [^*]+)\*", text)})
)
def test_a_menu_entry_that_is_named_is_there(path: str) -> None:
    texts = {spec.name: plain(spec.text) for spec in ACTIONS}
    submenus = {entry: plain(title) for entry, (title, _, _) in SUBMENUS.items()} | {">panels": "Panels"}
    menu, *way = path.replace("\n", " ").split(" → ")
    entries = {plain(title): entries for title, entries in MENUS.items()}[menu]
    for step in way[:-1]:
        entries = next(SUBMENUS[entry][2] for entry in entries if submenus.get(entry or "") == step)
    assert way[-1] in {texts.get(entry or "") or submenus.get(entry or "") for entry in entries}


def plain(text: str) -> str:
    return text.replace("&", "").removesuffix("…")


@pytest.mark.parametrize(
    "words", sorted({words for text in PROSE.values() for words in re.findall(r"(?<!\*)\*\*([^*]+)\*\*", text)})
)
def test_words_in_bold_stand_on_the_screen(words: str) -> None:
    assert any(re.search(pattern, words) for pattern in written_on_the_screen())


@cache
def written_on_the_screen() -> frozenset[str]:
    """A pattern for every text in the code of the window that could be these words: what is put in may be anything."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "medseg_gui" / "qt").rglob("*.py"))
    nodes = {id(node): node for tree in trees for node in ast.walk(tree)}.values()
    texts = {pattern_of(node) for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr)}
    return frozenset(f"^{text}$" for text in texts if re.search(r"\w{3}", text.replace(".+", "")))


def pattern_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern_of(part) if isinstance(part, ast.Constant) else ".+" for part in node.values).strip()
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return re.escape(re.sub(r"[&*]", "", node.value).strip()) if is_text else ""


def test_the_guide_is_shipped() -> None:
    assert (paths.resources_dir() / "manual" / "index.md").is_file()
    assert TEXTS["index"]


def test_state_tells_a_page_again_that_is_there_already(state: AppState) -> None:
    wanted, changed = Heard(state.manual.page_wanted), Heard(state.manual.page_changed)
    state.manual.want("index")
    state.manual.set_page(ManualPage("index", "# x"))
    state.manual.want("index")
    assert wanted.calls == [("index",)]
    assert len(changed) == 2
