"""What the program remembers between starts: described once as data, kept in one readable JSON file."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from medseg_gui import paths
from medseg_gui.errors import OutputError
from medseg_gui.types import CLASS_NAMES, POLYP

logger = logging.getLogger(__name__)

VERSION = 1
MAX_RECENT = 10
_LARGEST = 1000
# Of numbers with a fraction; the others lie in [0, 1].
_BOUNDS = {"threshold": (0.05, 0.95), "explain_clip": (0.95, 1.0), "brush_px": (0.1, 1000.0), "speed": (0.01, 100.0)}


@dataclass(frozen=True)
class Settings:
    """Every setting with its type and default.

    Attributes:
        recent: sources opened lately, newest first.
        recent_projects: folders of projects opened lately, newest first.
        polyp_weights, instrument_weights: names of the weights in use, empty for none.
        threshold: probability from which a pixel is marked, in [0.05, 0.95].
        mask_style: "filled", "outline" or "off".
        mask_opacity, probability_opacity: in [0, 1].
        show_probability: whether the probability map is shown.
        palette: key of `overlay.PALETTES`.
        explain_method: "off", "lrp", "gradcam" or "hirescam".
        explain_cam: which of the last two is meant by Grad-CAM.
        explain_rule: of LRP.
        explain_layer: that Grad-CAM looks at, empty for the last decoder block.
        explain_smooth: whether explanations are the mean over noisy copies.
        explain_opacity: of the map over the frame, in [0, 1].
        explain_clip: share of the pixels within the colour bar, in [0.95, 1].
        explain_grey: whether the frame under the map is without its colours.
        brush_px: radius of brush and eraser in pixels of the frame.
        new_class: class id of new lesions.
        start_from: what a correction starts from: "prediction", "previous" or "empty".
        speed: playback speed, 1.0 is the source's own.
        device: one of `device.DEVICES`.
        window: geometry and dock layout as Qt gives them, base64.
    """

    recent: tuple[str, ...] = ()
    recent_projects: tuple[str, ...] = ()
    polyp_weights: str = "polyp-unet_lite0"
    instrument_weights: str = ""
    threshold: float = 0.5
    mask_style: str = "filled"
    mask_opacity: float = 0.3
    probability_opacity: float = 0.6
    show_probability: bool = False
    palette: str = "Cyan and yellow"
    explain_method: str = "off"
    explain_cam: str = "hirescam"
    explain_rule: str = "gamma"
    explain_layer: str = ""
    explain_smooth: bool = False
    explain_opacity: float = 0.75
    explain_clip: float = 0.995
    explain_grey: bool = True
    brush_px: float = 20.0
    new_class: int = POLYP
    start_from: str = "prediction"
    speed: float = 1.0
    device: str = "auto"
    window: tuple[str, ...] = ()

    def with_recent(self, source: str) -> Settings:
        """With one more source at the top of the recent ones."""
        others = [s for s in self.recent if s != source]
        return replace(self, recent=(source, *others)[:MAX_RECENT])

    def with_recent_project(self, folder: str) -> Settings:
        """With one more project at the top of the recent ones."""
        others = [f for f in self.recent_projects if f != folder]
        return replace(self, recent_projects=(folder, *others)[:MAX_RECENT])


def load_settings() -> Settings:
    """Read the settings file; what is missing or unusable in it gets its default, with a warning."""
    file = paths.settings_file()
    if not file.is_file():
        return Settings()
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return Settings(**_usable(stored))
    except (OSError, ValueError, AttributeError, RecursionError) as e:
        logger.warning("The settings file is unusable and defaults are used: %s", e)
        return Settings()


def save_settings(settings: Settings) -> None:
    """Write the settings file in one step.

    Raises:
        OutputError: disk full, no permission.
    """
    file = paths.settings_file()
    partial = file.with_name(file.name + ".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"version": VERSION, **asdict(settings)}, indent=2), encoding="utf-8")
        os.replace(partial, file)
    except OSError as e:
        raise OutputError(f"The settings cannot be saved ({e.strerror}).") from e


def _can_be(name: str, value: Any) -> bool:
    """Whether a value of the right type is one that the setting may have."""
    if isinstance(value, tuple):
        return all(isinstance(entry, str) for entry in value)
    if isinstance(value, float):
        least, most = _BOUNDS.get(name, (0.0, 1.0))
        return least <= value <= most  # not for NaN either
    return name != "new_class" or value in CLASS_NAMES


def _usable(stored: dict[str, Any]) -> dict[str, Any]:
    """The entries of a stored file that this version knows and whose type is right."""
    kept = {}
    for f in fields(Settings):
        value = stored.get(f.name, f.default)
        value = tuple(value) if isinstance(value, list) else value
        # Not float(value): JSON may hold a whole number that is too large for it.
        if type(value) is int and isinstance(f.default, float) and abs(value) <= _LARGEST:
            value = float(value)
        if type(value) is type(f.default) and _can_be(f.name, value):
            kept[f.name] = value
        else:
            logger.warning("The setting %s has an unusable value and gets its default", f.name)
    return kept
