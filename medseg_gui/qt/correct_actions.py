"""The part of the table of actions that corrects masks: the tools, and what is done at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from medseg_gui.editing import TOOLS
from medseg_gui.qt.action_spec import ActionSpec

if TYPE_CHECKING:
    from medseg_gui.qt.commands import Commands

# Tool -> (key, tooltip); the rest of it stands in TOOLS.
_HELD = {
    "brush": "Paint into the chosen lesion; hold Alt to erase",
    "eraser": "Erase",
}


def tool_action(tool: str) -> str:
    """Name of the action that takes a tool into the hand."""
    return f"tool_{tool}"


def _take(tool: str, commands: Commands) -> None:
    commands.state.correction.toggle_tool(tool)


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


CORRECT_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("undo", "&Undo", "Take the last change of a mask back, on whichever frame it was",
               lambda c: c.state.correction.undo(), ("Ctrl+Z",), "undo", repeats=True),
    ActionSpec("redo", "&Redo", "Do again what was last taken back",
               lambda c: c.state.correction.redo(), ("Ctrl+Y", "Ctrl+Shift+Z"), "redo", repeats=True),
    ActionSpec("accept", "&Accept the prediction", "Take the prediction as the mask of this frame; with a tool, finish",
               lambda c: c.finish_or_accept(), ("Return", "Enter"), "accept", needs_source=True),
    *(_tool(tool, tip) for tool, tip in _HELD.items()),
    ActionSpec("brush_smaller", "S&maller brush", "Make brush and eraser smaller",
               lambda c: c.state.correction.scale_brush(-1), ("[",), "", needs_source=True, repeats=True),
    ActionSpec("brush_larger", "&Larger brush", "Make brush and eraser larger",
               lambda c: c.state.correction.scale_brush(1), ("]",), "", needs_source=True, repeats=True),
)  # fmt: skip

EDIT_MENU: tuple[str | None, ...] = ("undo", "redo")
CORRECT_MENU: tuple[str | None, ...] = (
    "accept",
    None,
    *(tool_action(tool) for tool in _HELD),
    None,
    "brush_smaller",
    "brush_larger",
)
PALETTE: tuple[str | None, ...] = (*(tool_action(tool) for tool in _HELD), None, "accept", "undo", "redo")
TOOL_GESTURES: tuple[tuple[str, str], ...] = (
    ("Size of brush and eraser", "wheel with Shift held"),
    ("Erase with the brush", "hold Alt"),
    ("Put the tool away", "Esc"),
)
