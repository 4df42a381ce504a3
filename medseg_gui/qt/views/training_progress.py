"""The second part of the training page: how far it is, curves, what the network marks now, pause and stop."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.views.time_text import minutes_left
from medseg_gui.qt.views.training_curves import TrainingCurves
from medseg_gui.qt.views.training_parts import Note, heading, push_button, quiet

_SAMPLE_PX = 168


class TrainingProgress(QWidget):
    """Everything about a process that runs, or ended before its end."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.text = QLabel()
        self.text.setFont(theme.tabular(self.font()))
        self.bar = QProgressBar(minimum=0, maximum=1000, textVisible=False)
        self.bar.setFixedHeight(10)
        self.pause = push_button("Pause", "pause", "Let it wait; it keeps what it has learnt")
        self.stop = push_button("Stop and save", "stop", "Save and end; it can be gone on with")
        self.cancel = push_button("Cancel", "close", "End at once; what was saved after the last pass stays")
        self.resume = push_button("Go on with it", "play", "Go on where it was saved", True)
        self.compare = push_button("Compare what was learnt", "compare", "Measure the best weights so far")
        self.discard = push_button("Discard", "trash", "Throw this training away; the weights in use stay as they are")
        self.rests = QCheckBox("Rest while a video plays")
        self.trouble = Note()
        self.curves = TrainingCurves()
        self.samples_title = heading("What it marks now on held-out frames")
        self.legend = quiet("Green: your mask. Yellow: the network.")
        self.samples = QHBoxLayout()
        self._shown_samples: tuple[str, ...] = ()
        self._arrange()
        self._connect()
        self.on_phase_changed(training.phase)
        self.on_progress_changed()

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.resume, self.pause, self.stop, self.cancel, self.compare, self.discard):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.rests)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 12)
        column.setSpacing(10)
        column.addWidget(self.trouble)
        column.addWidget(self.text)
        column.addWidget(self.bar)
        column.addLayout(buttons)
        column.addWidget(self.curves, 1)
        column.addWidget(self.samples_title)
        self.samples.setSpacing(12)
        self.samples.setAlignment(Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self.samples)
        column.addWidget(self.legend)

    def _connect(self) -> None:
        training = self._training
        training.phase_changed.connect(self.on_phase_changed)
        training.progress_changed.connect(self.on_progress_changed)
        training.rests_changed.connect(self.rests.setChecked)
        self.pause.clicked.connect(self._on_pause_clicked)
        self.stop.clicked.connect(training.stop)
        self.cancel.clicked.connect(training.cancel)
        self.resume.clicked.connect(training.resume)
        self.compare.clicked.connect(training.compare)
        self.discard.clicked.connect(training.discard)
        self.rests.toggled.connect(training.set_rests)

    def _on_pause_clicked(self) -> None:
        if self._training.phase == t.PAUSED:
            self._training.go_on()
        else:
            self._training.pause()

    def on_phase_changed(self, phase: str) -> None:
        """Offer what makes sense now."""
        is_running = phase in (t.RUNNING, t.PAUSED)
        for button in (self.pause, self.stop, self.rests):
            button.setVisible(is_running)
        self.cancel.setVisible(phase in t.ACTIVE and phase != t.COPYING)
        for button in (self.resume, self.compare, self.discard):
            button.setVisible(phase == t.ENDED)
        self.pause.setText(" Go on" if phase == t.PAUSED else " Pause")
        self.pause.setIcon(theme.icon("play" if phase == t.PAUSED else "pause"))
        self.trouble.set_text(self._training.trouble)
        self.on_progress_changed()

    def on_progress_changed(self) -> None:
        """How far it is."""
        progress, phase = self._training.progress, self._training.phase
        is_vague = phase in (t.COPYING, t.COMPARING) or (phase == t.RUNNING and bool(progress.doing))
        self.bar.setRange(0, 0 if is_vague else 1000)
        self.bar.setValue(round(progress.share * 1000))
        self.text.setText(_words(self._training))
        self.curves.set_progress(progress)
        self._show_samples(progress.samples)

    def _show_samples(self, files: tuple[str, ...]) -> None:
        for widget in (self.samples_title, self.legend):
            widget.setVisible(bool(files))
        if not files:
            self._clear_samples()
        elif (files, self._training.progress.dices) != self._shown_samples:
            # The files keep their names from pass to pass.
            self._shown_samples = (files, self._training.progress.dices)  # type: ignore[assignment]
            self._clear_samples()
            for file in files:
                label = QLabel()
                label.setPixmap(_pixmap(file, self.devicePixelRatioF()))
                self.samples.addWidget(label)

    def _clear_samples(self) -> None:
        while (item := self.samples.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()


def _pixmap(file: str, ratio: float) -> QPixmap:
    picture = QPixmap(file)
    if picture.isNull():  # its folder has just gone away
        return picture
    pixmap = picture.scaledToHeight(round(_SAMPLE_PX * ratio), Qt.TransformationMode.SmoothTransformation)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _words(training: TrainingState) -> str:
    """The line above the bar."""
    progress, phase, job = training.progress, training.phase, training.job
    if phase == t.COPYING:
        return "Copying the frames, so that you can go on correcting meanwhile…"
    if phase == t.COMPARING:
        return "Both weights look at the held-out frames…"
    if phase == t.STOPPING:
        return progress.doing or "Saving after this step…"
    if progress.doing and phase == t.RUNNING:
        return progress.doing
    parts = [f"Pass {min(progress.epoch + 1, progress.epochs)} of {progress.epochs}"] if progress.epochs else []
    if progress.dices:
        best = max(dice for _, dice in progress.dices)
        parts += [f"Dice {progress.dices[-1][1]:.3f}, best {best:.3f}"]
    if job is not None:
        parts += [f"{job.frames} frames, {job.held_out_frames} held out", f"from {job.base}"]
    if phase == t.RUNNING and progress.left_s is not None:
        parts.insert(1, minutes_left(progress.left_s))
    return "  ·  ".join(parts)
