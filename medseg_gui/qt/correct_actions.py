"""The part of the table of actions that corrects masks: the tools, and what is done at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from medseg_gui.editing import TOOLS
from medseg_gui.qt.action_spec import ActionSpec
from medseg_gui.qt.state import lesion_commands

if TYPE_CHECKING:
    from medseg_gui.qt.commands import Commands

# Tool -> what the tooltip says; title and key stand in TOOLS.
_HELD = {
    "brush": "Paint into the chosen lesion; hold Alt to erase",
    "eraser": "Erase",
    "polygon": "Set vertices or draw freehand; double click into a lesion to mend its outline",
    "livewire": "Click along an edge; the line clings to it",
    "smart_click": "Left click into what is missing, right click into what is too much",
    "wand": "Press on tissue and drag for more or less of the same colour",
    "grabcut_box": "Drag a box around a lesion to have it found",
    "grabcut_scribble": "Drag over a lesion, right drag over what is not of it",
    "fill_hole": "Click into a hole of a lesion to fill it",
    "delete_part": "Click on a part of a lesion to delete it",
    "move_part": "Drag a part of a lesion somewhere else",
    "split_along": "Draw a line across a lesion to make it two",
}
_AT_ONCE = {
    "fill_holes": "Fill all holes of the chosen lesion",
    "keep_largest_part": "Delete all parts of the chosen lesion but the largest",
    "delete_small_parts": "Delete specks of the chosen lesion",
    "grow": "Make the chosen lesion a little larger on all sides",
    "shrink": "Make the chosen lesion a little smaller on all sides",
    "smooth": "Smooth the outline of the chosen lesion",
    "change_class": "Make a polyp of the chosen instrument, or an instrument of the polyp",
    "split_parts": "Make each part of the chosen lesion a lesion of its own",
    "merge": "Make the chosen lesion and all others of its class one",
    "delete_lesion": "Delete the chosen lesion",
}
_ICONS = {"delete_lesion": "trash"}


def tool_action(tool: str) -> str:
    """Name of the action that takes a tool into the hand."""
    return f"tool_{tool}"


def _take(tool: str, commands: Commands) -> None:
    commands.state.correction.toggle_tool(tool)


def _run(tool: str, commands: Commands) -> None:
    lesion_commands.run(commands.state.correction, tool)


def _tool(tool: str, tip: str) -> ActionSpec:
    keys = (TOOLS[tool].key,) if TOOLS[tool].key else ()
    return ActionSpec(
        tool_action(tool),
        TOOLS[tool].title,
        tip,
        partial(_take, tool),
        keys,
        tool.replace("_", "-"),
        is_checkable=True,
        needs_source=True,
    )


def _at_once(tool: str, tip: str) -> ActionSpec:
    keys = (TOOLS[tool].key,) if TOOLS[tool].key else ()
    return ActionSpec(
        tool_action(tool), TOOLS[tool].title, tip, partial(_run, tool), keys, _ICONS.get(tool, ""), needs_source=True
    )


CORRECT_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("undo", "&Undo", "Take the last change of a mask back, on whichever frame it was",
               lambda c: c.state.correction.undo(), ("Ctrl+Z",), "undo", repeats=True),
    ActionSpec("redo", "&Redo", "Do again what was last taken back",
               lambda c: c.state.correction.redo(), ("Ctrl+Y", "Ctrl+Shift+Z"), "redo", repeats=True),
    ActionSpec("accept", "&Accept the prediction", "Take the prediction as the mask of this frame; with a tool, finish",
               lambda c: c.finish_or_accept(), ("Return", "Enter"), "accept", needs_source=True),
    *(_tool(tool, tip) for tool, tip in _HELD.items()),
    *(_at_once(tool, tip) for tool, tip in _AT_ONCE.items()),
    ActionSpec("carry_forward", "Carry &on", "Carry the mask to the frames after this one, as long as it is sure",
               lambda c: c.state.propagation.carry("forward"), ("Ctrl+Shift+Right",), "propagate-forward",
               needs_source=True),
    ActionSpec("carry_back", "Carry bac&k", "Carry the mask to the frames before this one, as long as it is sure",
               lambda c: c.state.propagation.carry("back"), ("Ctrl+Shift+Left",), "propagate-back",
               needs_source=True),
    ActionSpec("carry_between", "Fill between &two frames", "Fill the frames between the nearest two corrected ones",
               lambda c: c.state.propagation.carry("between"), ("Ctrl+I",), "", needs_source=True),
    ActionSpec("carry_stop", "Stop carr&ying", "Carry the mask no further",
               lambda c: c.state.propagation.stop(), ("Ctrl+.",), "stop", needs_source=True),
    ActionSpec("run_accept", "Acc&ept all", "Make what was carried the masks of those frames",
               lambda c: c.state.propagation.accept(), ("Ctrl+Return",), "check", needs_source=True),
    ActionSpec("run_reject", "Re&ject all", "Forget what was carried",
               lambda c: c.state.propagation.reject(), ("Ctrl+Backspace",), "close", needs_source=True),
    ActionSpec("copy", "&Copy the mask", "Copy all lesions of this frame",
               lambda c: lesion_commands.copy_mask(c.state.correction), ("Ctrl+C",), "copy", needs_source=True),
    ActionSpec("paste", "&Paste the mask", "Lay the copied lesions over this frame",
               lambda c: lesion_commands.paste_mask(c.state.correction), ("Ctrl+V",), "paste", needs_source=True),
    ActionSpec("take_previous", "Take the mask of the &frame before", "Take the mask of the frame corrected before",
               lambda c: lesion_commands.take_previous(c.state.correction), ("Ctrl+Shift+V",), "", needs_source=True),
    ActionSpec("take_back", "Take &back the last vertex", "Take back the last vertex of what is being drawn",
               lambda c: c.picture.hand.delete(), ("Backspace",), "", needs_source=True, repeats=True),
    ActionSpec("brush_smaller", "S&maller brush", "Make brush and eraser smaller",
               lambda c: c.state.correction.scale_brush(-1), ("[",), "", needs_source=True, repeats=True),
    ActionSpec("brush_larger", "&Larger brush", "Make brush and eraser larger",
               lambda c: c.state.correction.scale_brush(1), ("]",), "", needs_source=True, repeats=True),
)  # fmt: skip

EDIT_MENU: tuple[str | None, ...] = ("undo", "redo", None, "copy", "paste", "take_previous", None, "take_back")
LESION_MENU: tuple[str | None, ...] = tuple(tool_action(tool) for tool in _AT_ONCE)
CORRECT_MENU: tuple[str | None, ...] = (
    "accept",
    None,
    *(tool_action(tool) for tool in _HELD),
    None,
    "brush_smaller",
    "brush_larger",
    None,
    *LESION_MENU,
    None,
    *("carry_back", "carry_forward", "carry_between", "carry_stop", "run_accept", "run_reject"),
)
PALETTE: tuple[str | None, ...] = (
    *(tool_action(tool) for tool in ("brush", "eraser", "polygon", "livewire", "smart_click", "wand")),
    *(tool_action(tool) for tool in ("grabcut_box", "grabcut_scribble")),
    None,
    *(tool_action(tool) for tool in ("fill_hole", "delete_part", "move_part", "split_along")),
    None,
    "accept",
)
TOOL_GESTURES: tuple[tuple[str, str], ...] = (
    ("Size of brush and eraser", "wheel with Shift held"),
    ("Erase with the brush", "hold Alt"),
    ("Close the polygon", "Enter, double click, or click on its first vertex"),
    ("Mend an outline", "double click into a lesion with the polygon"),
    ("Choose a lesion", "click on it with no tool in the hand"),
    ("What can be done with a lesion", "right click on it"),
    ("Put the tool away", "Esc"),
)
