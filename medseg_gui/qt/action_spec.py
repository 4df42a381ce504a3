"""What one line of the table of actions says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_gui.qt.commands import Commands


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
    run: Callable[[Commands], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    is_checkable: bool = False
    needs_source: bool = False
    repeats: bool = False
