"""Carries the settings into the state at start, and what a person changes back into the settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from PySide6.QtCore import QObject, Signal

from medseg_gui.overlay import MaskStyle
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation import CAMS
from medseg_gui.qt.state.project import ProjectInfo
from medseg_gui.qt.state.session import SourceInfo, WeightsEntry
from medseg_gui.settings import Settings
from medseg_gui.types import INSTRUMENT, POLYP

_FIELDS = {POLYP: "polyp_weights", INSTRUMENT: "instrument_weights"}


class SettingsKeeper(QObject):
    """The settings as they are now.

    Args:
        settings: what to begin with.
        state: what they are carried into, and watched from then on.
    """

    changed = Signal(object)  # Settings

    def __init__(self, settings: Settings, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now = settings
        self._state = state
        self._apply()
        self._watch()

    def update(self, **changes: Any) -> None:
        """Change some; tells when any is different."""
        self._set(replace(self.now, **changes))

    def remembered_weights(self, weights: tuple[WeightsEntry, ...]) -> dict[int, str]:
        """Class id -> the weights used last; the first of the class where those are gone, "" where none was wanted."""
        return {class_id: self._remembered(class_id, weights) for class_id in _FIELDS}

    def on_weights_chosen(self, class_id: int, name: str) -> None:
        """Remember them."""
        self.update(**{_FIELDS[class_id]: name})

    def on_source_changed(self, source: SourceInfo | None) -> None:
        """Remember what can be opened again; the demo and the camera stand in the menu anyway."""
        if source is not None and source.spec != "demo" and not source.is_live:
            self._set(self.now.with_recent(source.spec))
            self._state.session.set_recent(self.now.recent)

    def on_project_changed(self, info: ProjectInfo | None) -> None:
        """Remember which projects were open; the one that opens by itself need not be looked for."""
        if info is not None and not info.is_default:
            self._set(self.now.with_recent_project(str(info.folder.absolute())))
            self._state.project.set_recent(self.now.recent_projects)

    def _remembered(self, class_id: int, weights: tuple[WeightsEntry, ...]) -> str:
        names = [w.name for w in weights if w.class_id == class_id]
        wanted: str = getattr(self.now, _FIELDS[class_id])
        return wanted if wanted in names or not wanted else next(iter(names), "")

    def _set(self, settings: Settings) -> None:
        if settings != self.now:
            self.now = settings
            self.changed.emit(settings)

    def _apply(self) -> None:
        display, settings = self._state.display, self.now
        display.set_threshold(settings.threshold)
        display.set_mask_style(cast(MaskStyle, settings.mask_style))
        display.set_mask_opacity(settings.mask_opacity)
        display.set_show_probability(settings.show_probability)
        display.set_probability_opacity(settings.probability_opacity)
        display.set_palette(settings.palette)
        self._apply_explanation()
        self._state.correction.set_brush_px(settings.brush_px)
        self._state.correction.set_class(settings.new_class)
        self._state.correction.set_start_from(settings.start_from)
        self._state.playback.set_speed(settings.speed)
        self._state.session.set_recent(settings.recent)
        self._state.project.set_recent(settings.recent_projects)

    def _apply_explanation(self) -> None:
        explanation, settings = self._state.explanation, self.now
        if settings.explain_cam in CAMS:
            explanation.cam = settings.explain_cam
        explanation.set_method(settings.explain_method)
        explanation.set_rule(settings.explain_rule)
        explanation.set_layer(settings.explain_layer)
        explanation.set_smooth(settings.explain_smooth)
        explanation.set_opacity(settings.explain_opacity)
        explanation.set_clip(settings.explain_clip)
        explanation.set_grey(settings.explain_grey)

    def _watch(self) -> None:
        display, session = self._state.display, self._state.session
        for signal in (
            display.threshold_changed,
            display.mask_style_changed,
            display.mask_opacity_changed,
            display.probability_shown_changed,
            display.probability_opacity_changed,
            display.palette_changed,
            self._state.playback.speed_changed,
        ):
            signal.connect(self.on_display_changed)
        explanation = self._state.explanation
        for change in (explanation.request_changed, explanation.look_changed, explanation.paint_changed):
            change.connect(self.on_explanation_changed)
        self._state.correction.options_changed.connect(self.on_correction_changed)
        session.weights_chosen.connect(self.on_weights_chosen)
        session.source_changed.connect(self.on_source_changed)
        self._state.project.info_changed.connect(self.on_project_changed)

    def on_display_changed(self) -> None:
        """Remember how things are shown."""
        display = self._state.display
        self.update(
            threshold=display.threshold,
            mask_style=display.mask_style,
            mask_opacity=display.mask_opacity,
            show_probability=display.show_probability,
            probability_opacity=display.probability_opacity,
            palette=display.palette,
            speed=self._state.playback.speed,
        )

    def on_correction_changed(self) -> None:
        """Remember how is corrected."""
        correction = self._state.correction
        self.update(brush_px=correction.brush_px, new_class=correction.class_id, start_from=correction.start_from)

    def on_explanation_changed(self) -> None:
        """Remember how is explained, but not what was clicked."""
        explanation = self._state.explanation
        self.update(
            explain_method=explanation.method,
            explain_cam=explanation.cam,
            explain_rule=explanation.rule,
            explain_layer=explanation.layer,
            explain_smooth=explanation.is_smooth,
            explain_opacity=explanation.opacity,
            explain_clip=explanation.clip,
            explain_grey=explanation.is_grey,
        )
