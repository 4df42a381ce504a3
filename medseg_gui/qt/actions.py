"""Everything a person can ask the window for, as one table: menus, keys, tooltips and the F1 page are read from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from medseg_gui.qt import theme
from medseg_gui.qt.action_spec import ActionSpec
from medseg_gui.qt.correct_actions import CORRECT_ACTIONS, CORRECT_MENU, EDIT_MENU, TOOL_GESTURES
from medseg_gui.qt.project_actions import EXCHANGE_MENU, EXPORT_MENU, PROJECT_ACTIONS, PROJECT_MENU, REVIEW_MENU
from medseg_gui.qt.training_actions import TRAINING_ACTIONS, TRAINING_MENU

if TYPE_CHECKING:
    from medseg_gui.qt.commands import Commands


def _playback(
    name: str,
    text: str,
    tip: str,
    run: Callable[[Commands], object],
    keys: tuple[str, ...],
    icon: str,
    repeats: bool = False,
) -> ActionSpec:
    return ActionSpec(name, text, tip, run, keys, icon, needs_source=True, repeats=repeats)


def _explain(
    name: str,
    text: str,
    tip: str,
    run: Callable[[Commands], object],
    keys: tuple[str, ...],
    icon: str,
    is_checkable: bool = False,
) -> ActionSpec:
    return ActionSpec(name, text, tip, run, keys, icon, is_checkable=is_checkable, needs_source=True)


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open_video", "&Open video or image…", "Open a video or an image",
               lambda c: c.ask_for_file(), ("Ctrl+O",), "video"),
    ActionSpec("open_folder", "Open &folder…", "Open a folder of images",
               lambda c: c.ask_for_folder(), ("Ctrl+Shift+O",), "open-folder"),
    ActionSpec("open_camera", "Open &camera", "Show the first camera live",
               lambda c: c.state.session.open("camera:0"), (), "camera"),
    ActionSpec("open_demo", "Try the &demo", "Open the bundled sample video",
               lambda c: c.state.session.open("demo"), (), "demo"),
    ActionSpec("quit", "&Quit", "Close the window", lambda c: c.window.close(), ("Ctrl+Q",), "quit"),
    ActionSpec("mask", "&Mask", "Show or hide the masks",
               lambda c: c.state.display.toggle_mask(), ("M",), "mask", is_checkable=True),
    ActionSpec("outline", "&Outline only", "Show the masks as outlines only",
               lambda c: c.state.display.toggle_outline(), ("O",), "outline", is_checkable=True),
    ActionSpec("probability", "&Probability map", "Lay the probability over the frame",
               lambda c: c.toggle_probability(), (), "probability", is_checkable=True),
    ActionSpec("fit", "&Fit", "Show the whole frame", lambda c: c.picture.fit(), ("F", "Ctrl+0"), "fit"),
    ActionSpec("zoom_in", "Zoom &in", "Zoom in", lambda c: c.picture.zoom_by(1.25), ("Ctrl++", "Ctrl+="), "zoom-in",
               repeats=True),
    ActionSpec("zoom_out", "Zoom &out", "Zoom out", lambda c: c.picture.zoom_by(0.8), ("Ctrl+-",), "zoom-out",
               repeats=True),
    ActionSpec("full_screen", "F&ull screen", "Fill the whole screen", lambda c: c.toggle_full_screen(), ("F11",),
               "full-screen", is_checkable=True),
    _playback("play", "&Play", "Play or pause", lambda c: c.state.playback.toggle(), ("Space",), "play"),
    _playback("back", "Frame &back", "One frame or image back",
              lambda c: c.state.playback.step(-1), ("Left", "A"), "step-back", repeats=True),
    _playback("forward", "Frame &forward", "One frame or image forward",
              lambda c: c.state.playback.step(1), ("Right", "D"), "step-forward", repeats=True),
    _playback("second_back", "One second back", "One second back",
              lambda c: c.state.playback.step_seconds(-1), ("Shift+Left",), "", repeats=True),
    _playback("second_forward", "One second forward", "One second forward",
              lambda c: c.state.playback.step_seconds(1), ("Shift+Right",), "", repeats=True),
    _playback("first", "F&irst frame", "To the first frame",
              lambda c: c.state.playback.seek(0), ("Home",), "first"),
    _playback("last", "L&ast frame", "To the last frame",
              lambda c: c.state.playback.seek(c.state.playback.frame_count - 1), ("End",), "last"),
    _playback("previous_lesion", "Pre&vious lesion", "Back to where the previous lesion begins",
              lambda c: c.seek_lesion(forward=False), ("Ctrl+Left",), "previous-lesion"),
    _playback("next_lesion", "&Next lesion", "On to where the next lesion begins",
              lambda c: c.seek_lesion(forward=True), ("Ctrl+Right",), "next-lesion"),
    _playback("slower", "&Slower", "Play slower", lambda c: c.change_speed(-1), ("Ctrl+Down",), ""),
    _playback("faster", "Fas&ter", "Play faster", lambda c: c.change_speed(1), ("Ctrl+Up",), ""),
    _playback("loop_start", "Loop from here (&A)", "Repeat from this frame on",
              lambda c: c.begin_loop(), ("Shift+Home",), "loop-start"),
    _playback("loop_end", "Loop to here (&B)", "Repeat up to this frame",
              lambda c: c.end_loop(), ("Shift+End",), "loop-end"),
    _playback("loop_clear", "&Clear the loop", "Play the whole source again",
              lambda c: c.state.playback.set_loop(None), ("Ctrl+L",), "loop-clear"),
    _playback("scan", "Scan &whole video", "Fill the timeline for the whole source in the background",
              lambda c: c.toggle_scan(), ("Ctrl+R",), "scan"),
    _explain("explain_cycle", "&Next explanation", "Off, LRP, Grad-CAM and off again",
             lambda c: c.state.explanation.cycle_method(), ("Tab",), "explain"),
    _explain("layer_strip", "&Layer-wise strip", "Show the relevance at each block of the network",
             lambda c: c.state.explanation.toggle_strip(), ("Shift+Tab",), "layers", is_checkable=True),
    _explain("explain_mask", "Explain the whole &mask", "Explain all that is marked",
             lambda c: c.explain_target("mask"), ("Shift+L",), ""),
    _explain("explain_lesion", "Explain one l&esion…", "Click on a lesion to have it explained",
             lambda c: c.pick_target("lesion"), ("L",), "target"),
    _explain("explain_pixel", "Explain one &pixel…", "Click on a pixel to have it explained",
             lambda c: c.pick_target("pixel"), ("X",), ""),
    _explain("explain_rim", "Explain the &rim", "Why does the mask end here?",
             lambda c: c.explain_target("rim"), (), ""),
    _explain("explain_nearest_miss", "Explain the n&earest miss", "Explain the strongest pixels below the threshold",
             lambda c: c.explain_target("nearest_miss"), (), ""),
    _explain("smooth", "&Smooth over noisy copies", "Explain slightly noisy copies, show the mean: calmer, slower",
             lambda c: c.toggle_smooth(), ("Ctrl+M",), "", is_checkable=True),
    _explain("stability", "Measure s&tability", "Measure how much the map changes under small noise",
             lambda c: c.state.explanation.ask_stability(), ("Ctrl+B",), ""),
    _explain("save_figure", "Save explained &frame…", "Save the explained frame as a figure with a caption",
             lambda c: c.ask_for_figure(), ("Ctrl+E",), "figure"),
    *CORRECT_ACTIONS,
    *PROJECT_ACTIONS,
    *TRAINING_ACTIONS,
    ActionSpec("controls", "Go to the &controls", "To the controls of the panel in front; Esc leads back",
               lambda c: c.go_to_controls(), ("F6",), ""),
    ActionSpec("manual", "&User guide", "How to watch, correct, train and work from the command line",
               lambda c: c.show_manual(), (), "manual"),
    ActionSpec("shortcuts", "&Keyboard shortcuts", "Search all keys", lambda c: c.show_shortcuts(), ("F1",),
               "keyboard"),
    ActionSpec("about", "&About", "Version and licences", lambda c: c.show_about(), (), "info"),
)  # fmt: skip

# None is a line between groups; a word with ">" is a submenu that the window fills.
MENUS: dict[str, tuple[str | None, ...]] = {
    "&File": (
        *("open_video", "open_folder", "open_camera", "open_demo", ">recent", None),
        *PROJECT_MENU,
        *EXCHANGE_MENU,
        "quit",
    ),
    "&Edit": EDIT_MENU,
    "&View": (
        "mask",
        "outline",
        "probability",
        None,
        "fit",
        "zoom_in",
        "zoom_out",
        None,
        ">panels",
        "controls",
        "full_screen",
    ),
    "&Playback": (
        *("play", "back", "forward", "second_back", "second_forward", "first", "last", None),
        *("previous_lesion", "next_lesion", "scan", None, "slower", "faster", ">speed", None),
        *("loop_start", "loop_end", "loop_clear"),
    ),
    "&Explain": (
        *("explain_cycle", "layer_strip", "smooth", "stability", None),
        *("explain_mask", "explain_lesion", "explain_pixel", "explain_rim", "explain_nearest_miss", None),
        "save_figure",
    ),
    "&Correct": CORRECT_MENU,
    "&Review": REVIEW_MENU,
    "&Train": TRAINING_MENU,
    "&Help": ("manual", "shortcuts", None, "about"),
}
# Submenus that hold nothing but actions: entry -> (title, icon, entries).
SUBMENUS: dict[str, tuple[str, str, tuple[str | None, ...]]] = {">export": ("E&xport", "export", EXPORT_MENU)}

GESTURES: tuple[tuple[str, str], ...] = (
    ("Zoom at the cursor", "wheel over the picture"),
    ("Move the picture", "middle drag, or drag with Space held"),
    ("Show the whole frame", "double click on the picture"),
    ("Scrub", "click or drag on the timeline"),
    ("Mark a loop", "drag on the timeline with Shift held"),
    ("Pick what is explained", "click on the frame after L or X"),
    *TOOL_GESTURES,
    ("Open", "drop a file or a folder on the window"),
)

_ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}


def build_actions(commands: Commands) -> dict[str, QAction]:
    """The table as Qt actions that belong to the window, by name."""
    return {spec.name: _build_action(spec, commands) for spec in ACTIONS}


def keys_text(keys: Sequence[str]) -> str:
    """Keys as this computer writes them, with arrows as signs; "" when there are none."""
    text = " or ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)
    for word, sign in _ARROWS.items():
        text = text.replace(word, sign)
    return text


def shortcut_groups() -> dict[str, list[tuple[str, str]]]:
    """What F1 shows: menu -> (what, keys), with the gestures at the end."""
    specs = {spec.name: spec for spec in ACTIONS}
    groups = {
        title.replace("&", ""): [(specs[name].text.replace("&", ""), keys_text(specs[name].keys)) for name in names]
        for title, names in actions_of_menus().items()
    }
    return {**groups, "Mouse": list(GESTURES)}


def actions_of_menus() -> dict[str, list[str]]:
    """Menu -> names of its actions in their order, those of SUBMENUS in their place."""
    return {
        title: [
            name
            for entry in entries
            for name in (SUBMENUS[entry][2] if entry in SUBMENUS else (entry,))
            if name is not None and not name.startswith(">")
        ]
        for title, entries in MENUS.items()
    }


def _build_action(spec: ActionSpec, commands: Commands) -> QAction:
    action = QAction(spec.text, commands.window)
    action.setObjectName(spec.name)
    action.setShortcuts([QKeySequence(key) for key in spec.keys])
    action.setToolTip(f"{spec.tip} ({keys_text(spec.keys)})" if spec.keys else spec.tip)
    action.setCheckable(spec.is_checkable)
    action.setEnabled(not spec.needs_source)
    action.setAutoRepeat(spec.repeats)
    if spec.icon:
        action.setIcon(theme.icon(spec.icon))
    action.triggered.connect(lambda: spec.run(commands))
    return action
