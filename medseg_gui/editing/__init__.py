"""Mask correction without a mouse: functions on arrays that say what they changed. Nothing of Qt, nothing of torch.

Each tool takes the `Lesions` of a frame and gives a `Change`: a box of pixels before and after. `Lesions.edited` does
it, `Change.reversed` undoes it, `History` remembers it. To add a tool: a function in a file, and a line in TOOLS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from medseg_gui.editing.brush import Stroke, erase_stroke, paint_stroke
from medseg_gui.editing.change import Box, Change
from medseg_gui.editing.grabcut import grabcut_box, grabcut_scribble
from medseg_gui.editing.history import History
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.livewire import Livewire
from medseg_gui.editing.parts import (
    delete_part,
    delete_small_parts,
    fill_hole_at,
    fill_holes,
    keep_largest_part,
    move_part,
)
from medseg_gui.editing.polygon import draw_polygon
from medseg_gui.editing.roles import change_class, delete_lesion, merge, split_along, split_parts
from medseg_gui.editing.shape import grow, shrink, smooth
from medseg_gui.editing.smart_click import SmartClicks
from medseg_gui.editing.wand import wand

__all__ = ["TOOLS", "Box", "Change", "History", "Lesions", "Stroke", "Tool"]

Gesture = Literal["stroke", "outline", "point", "drag", "box", "scribble", "line", "command"]


@dataclass(frozen=True)
class Tool:
    """What a menu, a key and a view need to know of a tool.

    Attributes:
        title: what it is called.
        gesture: what a person does with the pointer: "stroke" (held down), "outline" (vertices or freehand),
            "point" (one click), "drag" (from a point, by some way), "box", "scribble", "line" (across a lesion), or
            "command" (nothing: it works on the chosen lesion).
        function: what does it. `lesions` comes first; the other arguments are named in its docstring. `Livewire` and
            `SmartClicks` are made once a frame, `Stroke` draws while the pointer moves.
        key: the key that chooses it, empty for none.
    """

    title: str
    gesture: Gesture
    function: Callable[..., Any]
    key: str = ""


TOOLS: dict[str, Tool] = {
    "brush": Tool("Brush", "stroke", paint_stroke, "B"),
    "eraser": Tool("Eraser", "stroke", erase_stroke, "E"),
    "polygon": Tool("Polygon", "outline", draw_polygon, "P"),
    "livewire": Tool("Livewire", "outline", Livewire, "Shift+P"),
    "wand": Tool("Wand", "drag", wand, "W"),
    "smart_click": Tool("Smart click", "point", SmartClicks, "S"),
    "grabcut_box": Tool("GrabCut from a box", "box", grabcut_box, "G"),
    "grabcut_scribble": Tool("GrabCut from a scribble", "scribble", grabcut_scribble, "Shift+G"),
    "fill_hole": Tool("Fill this hole", "point", fill_hole_at, "H"),
    "fill_holes": Tool("Fill all holes", "command", fill_holes),
    "delete_part": Tool("Delete part", "point", delete_part, "Shift+Del"),
    "delete_small_parts": Tool("Delete small parts", "command", delete_small_parts),
    "keep_largest_part": Tool("Keep largest part", "command", keep_largest_part),
    "move_part": Tool("Move part", "drag", move_part, "V"),
    "grow": Tool("Grow", "command", grow),
    "shrink": Tool("Shrink", "command", shrink),
    "smooth": Tool("Smooth", "command", smooth),
    "change_class": Tool("Change class", "command", change_class),
    "split_along": Tool("Cut along a line", "line", split_along, "K"),
    "split_parts": Tool("Make parts lesions", "command", split_parts),
    "merge": Tool("Merge lesions", "command", merge),
    "delete_lesion": Tool("Delete lesion", "command", delete_lesion, "Del"),
}
