"""A page of the user guide: Markdown as Qt reads it, with room around what it sets too close."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QImage,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from medseg_gui.manual import ManualPage, anchor_of
from medseg_gui.qt import theme
from medseg_gui.qt.images import frame_image

_MARGIN_PX = 32
_ABOVE_PX = {0: 6, 1: 4, 2: 26, 3: 16}  # heading level -> room above; 0 is plain text
_BELOW_PX = {0: 8, 1: 12, 2: 8, 3: 6}
_IN_LIST_PX = 3
_POINTS = {1: 20.0, 2: 15.0, 3: 12.5}
_LINE_HEIGHT_PERCENT = 125.0
_PICTURE_SIGN = "\N{OBJECT REPLACEMENT CHARACTER}"
_PICTURE = QTextDocument.ResourceType.ImageResource


class ManualText(QTextBrowser):
    """Shows one page, with pictures as wide as the text at most. It loads neither file nor address."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setAccessibleName("User guide")
        self.document().setDocumentMargin(_MARGIN_PX)
        self._pictures: dict[str, QImage] = {}

    def show_page(self, page: ManualPage, heading: str = "") -> None:
        """Show a page from its top, or from a heading.

        Args:
            page: with its pictures.
            heading: as `manual.anchor_of` names it; "" for the top.
        """
        self._pictures = {name: frame_image(rgb) for name, rgb in page.pictures.items()}
        self.setMarkdown(page.text)
        _arrange(self.document())
        self._scroll_to(heading)

    def loadResource(self, kind: int, url: QUrl | str) -> Any:
        """A picture of this page in the size in which it is shown."""
        picture = self._pictures.get(QUrl(url).toString())
        return self._fitted(picture) if picture is not None else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Pictures follow the width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width() and self._pictures:
            for name, picture in self._pictures.items():
                self.document().addResource(_PICTURE, QUrl(name), self._fitted(picture))
            self.document().markContentsDirty(0, self.document().characterCount())

    def _fitted(self, picture: QImage) -> QImage:
        """Scaled for this screen: never larger than it was made."""
        ratio = self.devicePixelRatioF()
        width = min(self.viewport().width() - 2 * _MARGIN_PX, picture.width())
        smooth = Qt.TransformationMode.SmoothTransformation
        fitted = picture.scaledToWidth(max(round(width * ratio), 1), smooth)
        fitted.setDevicePixelRatio(ratio)
        return fitted

    def _scroll_to(self, heading: str) -> None:
        cursor = QTextCursor(self.document())
        if heading:
            found = (b for b in _blocks(self.document()) if b.blockFormat().headingLevel())
            cursor.setPosition(next((b.position() for b in found if anchor_of(b.text()) == heading), 0))
        self.setTextCursor(cursor)
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + self.cursorRect().top() - _MARGIN_PX)


def _arrange(document: QTextDocument) -> None:
    """Room around headings and lines, keys that look like keys, quiet tables."""
    whole = QTextCursor(document)
    whole.beginEditBlock()  # lay it out once, not after each change
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _arrange_table(frame)
    for block in _blocks(document):
        _arrange_block(block)
    whole.endEditBlock()


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _arrange_table(table: QTextTable) -> None:
    look = table.format()
    look.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    look.setBorderBrush(QBrush(QColor(theme.BORDER)))
    look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    look.setBorderCollapse(True)
    look.setBorder(1)
    look.setCellPadding(6)
    look.setTopMargin(8)
    look.setBottomMargin(16)
    table.setFormat(look)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        head = QTextCharFormat(cell.format())
        head.setBackground(QColor(theme.RAISED))
        cell.setFormat(head)


def _arrange_block(block: QTextBlock) -> None:
    cursor = QTextCursor(block)
    level = min(block.blockFormat().headingLevel(), 3)
    look = QTextBlockFormat()
    is_picture = _PICTURE_SIGN in block.text()  # whose line would be higher than the picture
    if not _is_code(block) and not is_picture:
        look.setLineHeight(_LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    if _is_code(block):
        look.setBackground(QColor(theme.RAISED))
        look.setNonBreakableLines(False)  # a long command goes on in the next line, not beyond the window
        look.setTopMargin(0 if _is_code(block.previous()) else _ABOVE_PX[0])
        look.setBottomMargin(0 if _is_code(block.next()) else _BELOW_PX[0])
    elif cursor.currentTable() is None:
        look.setTopMargin(_IN_LIST_PX if block.textList() else _ABOVE_PX[level])
        look.setBottomMargin(_IN_LIST_PX if block.textList() else _BELOW_PX[level])
    cursor.mergeBlockFormat(look)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    if level:
        cursor.mergeCharFormat(_heading_look(level))
    elif not _is_code(block):
        _mark_keys(block)


def _is_code(block: QTextBlock) -> bool:
    return block.blockFormat().hasProperty(QTextBlockFormat.Property.BlockCodeFence.value)


def _heading_look(level: int) -> QTextCharFormat:
    look = QTextCharFormat()
    look.clearProperty(QTextCharFormat.Property.FontSizeAdjustment.value)
    look.setFontPointSize(_POINTS[level])
    look.setFontWeight(QFont.Weight.Bold)
    return look


def _mark_keys(block: QTextBlock) -> None:
    """What stands between back quotes gets a ground of its own."""
    marked = QTextCharFormat()
    marked.setBackground(QColor(theme.HOVER))
    pieces = block.begin()
    spans = []
    while not pieces.atEnd():
        fragment = pieces.fragment()
        if fragment.charFormat().fontFixedPitch():
            spans.append((fragment.position(), fragment.length()))
        pieces += 1
    for position, length in spans:
        cursor = QTextCursor(block)
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(marked)
