"""The panel "Lesions": which there are on this frame, which one is chosen, and what a stroke goes into."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.qt import theme
from medseg_gui.qt.state import lesion_commands
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.correction_options import START_FROM
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.propagation import PropagationState
from medseg_gui.qt.views.carry_controls import CarryControls
from medseg_gui.qt.views.labelled_slider import LabelledSlider
from medseg_gui.qt.views.swatch import swatch_icon, swatch_size
from medseg_gui.types import CLASS_NAMES

_EYE, _NAME, _AREA, _BIN = range(4)
_ID = Qt.ItemDataRole.UserRole
_STARTS = dict(zip(START_FROM, ("The prediction", "The frame corrected before", "Nothing"), strict=True))
_MOST_BRUSH_PX = 150.0  # of the slider; keys and wheel go further


class LesionsPanel(QWidget):
    """A row for each lesion: shown or hidden, class and number, area, delete. Arrow keys walk, Delete deletes."""

    def __init__(
        self,
        correction: CorrectionState,
        display: DisplayState,
        propagation: PropagationState,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._correction, self._display = correction, display
        self._content: object = None
        self.carry = CarryControls(propagation, actions)
        self.status = QLabel(wordWrap=True)
        self.status.setProperty("quiet", True)
        self.tree = _Tree()
        self.new_buttons = {class_id: self._new_button(class_id) for class_id in CLASS_NAMES}
        self.brush = LabelledSlider("Brush", 100, round(2 * _MOST_BRUSH_PX * 100), lambda px: f"{px:.0f} px")
        self.brush.setToolTip("Diameter of brush and eraser in pixels of the frame ([ and ], wheel with Shift)")
        self.start = QComboBox()
        self.start.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.start.setToolTip("What the first stroke on a frame works on")
        for name, text in _STARTS.items():
            self.start.addItem(text, name)
        self._arrange()
        self._connect()
        self.on_shown_changed()
        self.on_options_changed()

    def _new_button(self, class_id: int) -> QToolButton:
        name = CLASS_NAMES[class_id]
        button = QToolButton()
        button.setText(f" New {name}")
        button.setCheckable(True)
        button.setProperty("framed", True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(swatch_size(1))
        button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
        button.setToolTip(f"The next stroke begins a new {name}")
        button.clicked.connect(partial(self._correction.begin_new, class_id))
        return button

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 8)
        column.setSpacing(8)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in self.new_buttons.values():
            buttons.addWidget(button)
        form = QFormLayout()
        form.addRow("Start from", self.start)
        column.addWidget(self.status)
        column.addWidget(self.tree, 1)
        column.addLayout(buttons)
        column.addWidget(self.brush)
        column.addLayout(form)
        column.addSpacing(4)
        column.addWidget(self.carry)

    def _connect(self) -> None:
        correction, display = self._correction, self._display
        correction.shown_changed.connect(self.on_shown_changed)
        correction.chosen_changed.connect(self.on_chosen_changed)
        correction.options_changed.connect(self.on_options_changed)
        display.palette_changed.connect(self.on_shown_changed)
        self.brush.value_changed.connect(lambda diameter: correction.set_brush_px(diameter / 2))
        self.start.activated.connect(lambda: correction.set_start_from(self.start.currentData()))
        self.tree.currentItemChanged.connect(self._on_row_chosen)
        self.tree.itemClicked.connect(self._on_clicked)
        self.tree.itemDoubleClicked.connect(self._on_double_clicked)
        self.tree.deleted.connect(self._delete)

    # From the state

    def on_shown_changed(self) -> None:
        """Other lesions, or the same with other areas."""
        self.status.setText(self._status_text())
        shown, colours = self._correction.shown, self._display.colours
        classes = sorted(shown.lesions.classes.items()) if shown else []
        rows = [(i, class_id, shown.areas_px.get(i, 0)) for i, class_id in classes] if shown else []
        content = (rows, self._correction.hidden, colours)
        if content == self._content:  # in motion it hears of every frame, and mostly there is nothing to show
            return
        self._content = content
        self.tree.blockSignals(True)
        self.tree.clear()
        for row in rows:
            self.tree.addTopLevelItem(self._row(*row))
        self.tree.blockSignals(False)
        for class_id, button in self.new_buttons.items():
            button.setIcon(swatch_icon([colours[class_id]]))
        self.on_chosen_changed()

    def on_chosen_changed(self) -> None:
        """Another row is the current one, or none: then the button of the class that a new lesion gets is down."""
        chosen = self._correction.chosen
        self.tree.blockSignals(True)
        self.tree.setCurrentIndex(QModelIndex())
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            if item is not None and item.data(_NAME, _ID) == chosen:
                self.tree.setCurrentItem(item)
        self.tree.blockSignals(False)
        for class_id, button in self.new_buttons.items():
            button.setChecked(not chosen and class_id == self._correction.class_id)

    def on_options_changed(self) -> None:
        """Size of the brush, class, what a correction starts from."""
        self.brush.set_value(min(self._correction.brush_px, _MOST_BRUSH_PX) * 2)
        self.start.setCurrentIndex(START_FROM.index(self._correction.start_from))
        self.on_chosen_changed()

    def _status_text(self) -> str:
        correction = self._correction
        if correction.key is None:
            return "Open a video or pictures to correct their masks."
        if correction.is_corrected:
            return "Corrected by you"
        if correction.proposal is None:
            return "Not predicted yet"
        if correction.proposal.confidence is not None:
            return f"Carried here from another frame, {correction.proposal.confidence:.0%} sure"
        return "As predicted; Enter accepts it"

    def _row(self, lesion_id: int, class_id: int, area_px: int) -> QTreeWidgetItem:
        name = f"{CLASS_NAMES[class_id].capitalize()} {lesion_id}"
        item = QTreeWidgetItem(["", name, f"{area_px:,} px²".replace(",", "\u202f"), ""])
        is_hidden = lesion_id in self._correction.hidden
        item.setIcon(_EYE, theme.icon("eye-off" if is_hidden else "eye"))
        item.setToolTip(_EYE, "Show this lesion" if is_hidden else "Hide this lesion")
        item.setIcon(_NAME, self._class_icon(class_id))
        item.setToolTip(_NAME, "Strokes go into the chosen lesion; double click makes it the other class")
        item.setIcon(_BIN, theme.icon("trash"))
        item.setToolTip(_BIN, "Delete this lesion (Delete)")
        item.setTextAlignment(_AREA, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setFont(_AREA, theme.tabular(self.font()))
        item.setData(_NAME, _ID, lesion_id)
        return item

    def _class_icon(self, class_id: int) -> QIcon:
        """The colour of a class, on the chosen row too, where Qt would tint it."""
        icon = swatch_icon([self._display.colours[class_id]])
        icon.addPixmap(icon.pixmap(self.tree.iconSize()), QIcon.Mode.Selected)
        return icon

    # From the person

    def _on_row_chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._correction.set_chosen(item.data(_NAME, _ID))

    def _on_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        lesion_id = item.data(_NAME, _ID)
        if column == _EYE:
            self._correction.set_hidden(lesion_id, lesion_id not in self._correction.hidden)
        elif column == _BIN:
            self._delete(lesion_id)

    def _on_double_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column in (_NAME, _AREA):
            lesion_commands.run(self._correction, "change_class", item.data(_NAME, _ID))

    def _delete(self, lesion_id: int) -> None:
        lesion_commands.run(self._correction, "delete_lesion", lesion_id)


class _Tree(QTreeWidget):
    """The rows.

    Signals:
        deleted: a person wants this lesion to go.
    """

    deleted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(4)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(18, 18))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Lesions of this frame")
        self.setMinimumHeight(96)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(28)
        for column in (_EYE, _AREA, _BIN):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes."""
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and item is not None:
            self.deleted.emit(item.data(_NAME, _ID))
        else:
            super().keyPressEvent(event)
