"""Everything a person can ask the window for, as one table: menus, keys, tooltips and the F1 page are read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from medseg_gui.qt import theme

if TYPE_CHECKING:
    from medseg_gui.qt.main_window import MainWindow


@dataclass(frozen=True)
class ActionSpec:
    """One line of the table.

    Attributes:
        name: what code calls it.
        text: in the menu; `&` marks the letter for the keyboard.
        tip: one sentence for the tooltip, without the key.
        run: what it does.
        keys: shortcuts, portable spelling ("Ctrl+Left").
        icon: file in `resources/icons`, empty for none.
        is_checkable: whether it is switched on and off.
        needs_source: whether it works only with something open.
        repeats: whether holding the key does it again and again.
    """

    name: str
    text: str
    tip: str
    run: Callable[[MainWindow], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    is_checkable: bool = False
    needs_source: bool = False
    repeats: bool = False


def _playback(
    name: str,
    text: str,
    tip: str,
    run: Callable[[MainWindow], object],
    keys: tuple[str, ...],
    icon: str,
    repeats: bool = False,
) -> ActionSpec:
    return ActionSpec(name, text, tip, run, keys, icon, needs_source=True, repeats=repeats)


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open_video", "&Open video or image…", "Open a video or an image",
               lambda w: w.ask_for_file(), ("Ctrl+O",), "video"),
    ActionSpec("open_folder", "Open &folder…", "Open a folder of images",
               lambda w: w.ask_for_folder(), ("Ctrl+Shift+O",), "open-folder"),
    ActionSpec("open_camera", "Open &camera", "Show the first camera live",
               lambda w: w.state.session.open("camera:0"), (), "camera"),
    ActionSpec("open_demo", "Try the &demo", "Open the bundled sample video",
               lambda w: w.state.session.open("demo"), (), "demo"),
    ActionSpec("quit", "&Quit", "Close the window", lambda w: w.close(), ("Ctrl+Q",), "quit"),
    ActionSpec("mask", "&Mask", "Show or hide the masks",
               lambda w: w.state.display.toggle_mask(), ("M",), "mask", is_checkable=True),
    ActionSpec("outline", "&Outline only", "Show the masks as outlines only",
               lambda w: w.state.display.toggle_outline(), ("O",), "outline", is_checkable=True),
    ActionSpec("probability", "&Probability map", "Lay the probability over the frame",
               lambda w: w.toggle_probability(), (), "probability", is_checkable=True),
    ActionSpec("fit", "&Fit", "Show the whole frame", lambda w: w.picture.fit(), ("F", "Ctrl+0"), "fit"),
    ActionSpec("zoom_in", "Zoom &in", "Zoom in", lambda w: w.picture.zoom_by(1.25), ("Ctrl++", "Ctrl+="), "zoom-in",
               repeats=True),
    ActionSpec("zoom_out", "Zoom &out", "Zoom out", lambda w: w.picture.zoom_by(0.8), ("Ctrl+-",), "zoom-out",
               repeats=True),
    ActionSpec("full_screen", "F&ull screen", "Fill the whole screen", lambda w: w.toggle_full_screen(), ("F11",),
               "full-screen", is_checkable=True),
    _playback("play", "&Play", "Play or pause", lambda w: w.state.playback.toggle(), ("Space",), "play"),
    _playback("back", "Frame &back", "One frame or image back",
              lambda w: w.state.playback.step(-1), ("Left", "A"), "step-back", repeats=True),
    _playback("forward", "Frame &forward", "One frame or image forward",
              lambda w: w.state.playback.step(1), ("Right", "D"), "step-forward", repeats=True),
    _playback("second_back", "One second back", "One second back",
              lambda w: w.state.playback.step_seconds(-1), ("Shift+Left",), "", repeats=True),
    _playback("second_forward", "One second forward", "One second forward",
              lambda w: w.state.playback.step_seconds(1), ("Shift+Right",), "", repeats=True),
    _playback("first", "F&irst frame", "To the first frame",
              lambda w: w.state.playback.seek(0), ("Home",), "first"),
    _playback("last", "L&ast frame", "To the last frame",
              lambda w: w.state.playback.seek(w.state.playback.frame_count - 1), ("End",), "last"),
    _playback("previous_lesion", "Pre&vious lesion", "Back to where the previous lesion begins",
              lambda w: w.seek_lesion(forward=False), ("Ctrl+Left",), "previous-lesion"),
    _playback("next_lesion", "&Next lesion", "On to where the next lesion begins",
              lambda w: w.seek_lesion(forward=True), ("Ctrl+Right",), "next-lesion"),
    _playback("slower", "&Slower", "Play slower", lambda w: w.change_speed(-1), ("Ctrl+Down",), ""),
    _playback("faster", "Fas&ter", "Play faster", lambda w: w.change_speed(1), ("Ctrl+Up",), ""),
    _playback("loop_start", "Loop from here (&A)", "Repeat from this frame on",
              lambda w: w.begin_loop(), ("Shift+Home",), "loop-start"),
    _playback("loop_end", "Loop to here (&B)", "Repeat up to this frame",
              lambda w: w.end_loop(), ("Shift+End",), "loop-end"),
    _playback("loop_clear", "&Clear the loop", "Play the whole source again",
              lambda w: w.state.playback.set_loop(None), ("Ctrl+L",), "loop-clear"),
    _playback("scan", "Scan &whole video", "Fill the timeline for the whole source in the background",
              lambda w: w.toggle_scan(), ("Ctrl+R",), "scan"),
    ActionSpec("shortcuts", "&Keyboard shortcuts", "Search all keys", lambda w: w.show_shortcuts(), ("F1",),
               "keyboard"),
    ActionSpec("about", "&About", "Version and licences", lambda w: w.show_about(), (), "info"),
)  # fmt: skip

# None is a line between groups; a word with ">" is a submenu that the window fills.
MENUS: dict[str, tuple[str | None, ...]] = {
    "&File": ("open_video", "open_folder", "open_camera", "open_demo", ">recent", None, "quit"),
    "&View": ("mask", "outline", "probability", None, "fit", "zoom_in", "zoom_out", None, ">panels", "full_screen"),
    "&Playback": (
        *("play", "back", "forward", "second_back", "second_forward", "first", "last", None),
        *("previous_lesion", "next_lesion", "scan", None, "slower", "faster", ">speed", None),
        *("loop_start", "loop_end", "loop_clear"),
    ),
    "&Help": ("shortcuts", None, "about"),
}

GESTURES: tuple[tuple[str, str], ...] = (
    ("Zoom at the cursor", "wheel over the picture"),
    ("Move the picture", "middle drag, or drag with Space held"),
    ("Show the whole frame", "double click on the picture"),
    ("Scrub", "click or drag on the timeline"),
    ("Mark a loop", "drag on the timeline with Shift held"),
    ("Open", "drop a file or a folder on the window"),
)


_ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}


def build_actions(window: MainWindow) -> dict[str, QAction]:
    """The table as Qt actions that belong to the window, by name."""
    return {spec.name: _build_action(spec, window) for spec in ACTIONS}


def keys_text(action: QAction) -> str:
    """The keys of an action as this computer writes them, with arrows as signs; "" when it has none."""
    text = " or ".join(k.toString(QKeySequence.SequenceFormat.NativeText) for k in action.shortcuts())
    for word, sign in _ARROWS.items():
        text = text.replace(word, sign)
    return text


def _build_action(spec: ActionSpec, window: MainWindow) -> QAction:
    action = QAction(spec.text, window)
    action.setObjectName(spec.name)
    action.setShortcuts([QKeySequence(key) for key in spec.keys])
    keys = keys_text(action)
    action.setToolTip(f"{spec.tip} ({keys})" if keys else spec.tip)
    action.setStatusTip("")
    action.setCheckable(spec.is_checkable)
    action.setEnabled(not spec.needs_source)
    action.setAutoRepeat(spec.repeats)
    if spec.icon:
        action.setIcon(theme.icon(spec.icon))
    action.triggered.connect(lambda: spec.run(window))
    return action
