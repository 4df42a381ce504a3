"""What is done to the chosen lesion at once, without a gesture; for menus, keys and the panel of lesions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from medseg_gui.editing import TOOLS, Change, Lesions
from medseg_gui.editing.clipboard import copy, paste
from medseg_gui.editing.roles import whole_frame
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.types import CLASS_NAMES

# In longer sides of the frame: what is a small step at 720p is one at 4K.
_STEP = 0.0025
_SMALL_PART = 0.0004  # of the frame's pixels


def _of_lesion(tool: str, lesions: Lesions, lesion_id: int) -> Change:
    return TOOLS[tool].function(lesions, lesion_id)


def _by_step(tool: str, lesions: Lesions, lesion_id: int) -> Change:
    distance = max(round(_STEP * max(lesions.shape)), 1)
    return TOOLS[tool].function(lesions, lesion_id, distance)


def _small_parts(lesions: Lesions, lesion_id: int) -> Change:
    smallest = max(round(_SMALL_PART * lesions.labels.size), 2)
    return TOOLS["delete_small_parts"].function(lesions, lesion_id, smallest)


def _to_other_class(lesions: Lesions, lesion_id: int) -> Change:
    classes = list(CLASS_NAMES)
    following = classes[(classes.index(lesions.classes[lesion_id]) + 1) % len(classes)]
    return TOOLS["change_class"].function(lesions, lesion_id, following)


def _merge_class(lesions: Lesions, lesion_id: int) -> Change:
    """With all others of its class; the chosen one keeps its number."""
    class_id = lesions.classes[lesion_id]
    others = [i for i, c in lesions.classes.items() if c == class_id and i != lesion_id]
    return TOOLS["merge"].function(lesions, [lesion_id, *others])


# Tool -> from lesions and the id of the chosen one to the change.
COMMANDS: Mapping[str, Callable[[Lesions, int], Change]] = {
    **{name: partial(_of_lesion, name) for name in ("fill_holes", "keep_largest_part", "split_parts", "delete_lesion")},
    **{name: partial(_by_step, name) for name in ("grow", "shrink", "smooth")},
    "delete_small_parts": _small_parts,
    "change_class": _to_other_class,
    "merge": _merge_class,
}


def run(correction: CorrectionState, tool: str, lesion_id: int | None = None) -> None:
    """Do one of COMMANDS to a lesion, or say that none is chosen.

    Args:
        correction: of the frame.
        tool: key of COMMANDS.
        lesion_id: which; the chosen one if not told.
    """
    lesion_id = correction.chosen if lesion_id is None else lesion_id
    if correction.base is None or lesion_id not in correction.base.classes:
        correction.refused.emit("No lesion is chosen; click on one in the picture or in the list of lesions.")
        return
    correction.ask(TOOLS[tool].title.lower(), partial(_do, tool, lesion_id))


def _do(tool: str, lesion_id: int, lesions: Lesions) -> Change:
    return COMMANDS[tool](lesions, lesion_id)


def copy_mask(correction: CorrectionState) -> None:
    """Remember all lesions of the frame, to be pasted into others."""
    if correction.base is not None and correction.base.classes:
        correction.clipboard = copy(correction.base)
        correction.refused.emit(f"Copied {_count(len(correction.clipboard.classes))}; Ctrl+V pastes.")
    else:
        correction.refused.emit("There is no mask on this frame to copy.")


def paste_mask(correction: CorrectionState) -> None:
    """Lay what was copied over the lesions of the frame; over a mere prediction, in its place."""
    if correction.clipboard is None:
        correction.refused.emit("Nothing was copied yet; Ctrl+C copies the mask of a frame.")
    else:
        correction.ask("paste", partial(_paste, copied=correction.clipboard, alone=not correction.is_corrected))


def take_previous(correction: CorrectionState) -> None:
    """Make the mask of the frame that was corrected before the mask of this one."""
    if correction.before is None:
        correction.refused.emit("No other frame was corrected yet; correct one, then go to this one.")
    else:
        make = partial(_paste, copied=correction.before.lesions, alone=True)
        correction.ask("mask of the previous frame", make)


def _paste(lesions: Lesions, copied: Lesions, alone: bool) -> Change:
    if not alone:
        return paste(lesions, copied)
    nothing = Lesions.empty(lesions.shape)
    return whole_frame(lesions, nothing.edited(paste(nothing, copied)))


def _count(lesions: int) -> str:
    return "1 lesion" if lesions == 1 else f"{lesions} lesions"
