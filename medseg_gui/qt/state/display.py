"""How masks and probability are shown. Changing any of it never asks a network again."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medseg_gui.overlay import DEFAULT_PALETTE, PALETTES, Colour, MaskStyle

_STYLES: tuple[MaskStyle, ...] = ("filled", "outline", "off")


class DisplayState(QObject):
    """One property and one signal for each thing to choose."""

    threshold_changed = Signal(float)
    mask_style_changed = Signal(str)
    mask_opacity_changed = Signal(float)
    probability_shown_changed = Signal(bool)
    probability_opacity_changed = Signal(float)
    palette_changed = Signal(str)
    view_changed = Signal(object)  # as `view`

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.threshold = 0.5
        self.mask_style: MaskStyle = "filled"
        self.mask_opacity = 0.3
        self.show_probability = False
        self.probability_opacity = 0.6
        self.palette = DEFAULT_PALETTE
        self.view: tuple[int, int] | None = None

    @property
    def colours(self) -> dict[int, Colour]:
        """Class id -> RGB of the palette in use."""
        return PALETTES[self.palette]

    def set_threshold(self, threshold: float) -> None:
        """Probability from which a pixel is marked, kept within [0.05, 0.95]."""
        threshold = min(max(threshold, 0.05), 0.95)
        if threshold != self.threshold:
            self.threshold = threshold
            self.threshold_changed.emit(threshold)

    def set_mask_style(self, style: MaskStyle) -> None:
        """Filled, outline or off; anything else is passed over."""
        if style in _STYLES and style != self.mask_style:
            self.mask_style = style
            self.mask_style_changed.emit(style)

    def toggle_mask(self) -> None:
        """Off and on again."""
        self.set_mask_style("off" if self.mask_style != "off" else "filled")

    def toggle_outline(self) -> None:
        """Outline only, and filled again."""
        self.set_mask_style("outline" if self.mask_style != "outline" else "filled")

    def set_mask_opacity(self, opacity: float) -> None:
        """Of the filled area, in [0, 1]."""
        if opacity != self.mask_opacity:
            self.mask_opacity = opacity
            self.mask_opacity_changed.emit(opacity)

    def set_show_probability(self, shown: bool) -> None:
        """Whether the probability map is laid over the frame."""
        if shown != self.show_probability:
            self.show_probability = shown
            self.probability_shown_changed.emit(shown)

    def set_probability_opacity(self, opacity: float) -> None:
        """Of the probability map, in [0, 1]."""
        if opacity != self.probability_opacity:
            self.probability_opacity = opacity
            self.probability_opacity_changed.emit(opacity)

    def set_palette(self, name: str) -> None:
        """Key of `overlay.PALETTES`; an unknown one is passed over."""
        if name in PALETTES and name != self.palette:
            self.palette = name
            self.palette_changed.emit(name)

    def set_view(self, view: tuple[int, int] | None) -> None:
        """Width and height, in pixels of the screen, that frames are fitted into; None while a frame is zoomed."""
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)
