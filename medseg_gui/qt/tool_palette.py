"""The row of tools at the left edge."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar, QWidget

from medseg_gui.qt.correct_actions import PALETTE
from medseg_gui.qt.state.correction import CorrectionState


class ToolPalette(QToolBar):
    """A button for each tool that is held; the one in the hand is down."""

    def __init__(
        self, actions: Mapping[str, QAction], correction: CorrectionState, parent: QWidget | None = None
    ) -> None:
        super().__init__("Tools", parent, movable=False, floatable=False)
        self.setObjectName("tools")
        self.setOrientation(Qt.Orientation.Vertical)
        self.setIconSize(QSize(20, 20))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        if (layout := self.layout()) is not None:  # all of them shall fit into 720 lines
            layout.setSpacing(1)
            layout.setContentsMargins(6, 4, 6, 4)
        for name in PALETTE:
            if name is None:
                self.addSeparator()
            else:
                self.addAction(actions[name])
