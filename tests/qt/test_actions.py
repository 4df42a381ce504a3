"""The table of actions: nothing doubled, nothing forgotten, every tooltip names its key."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from medseg_gui.qt.actions import ACTIONS, GESTURES, ActionSpec, actions_of_menus, keys_text, shortcut_groups

BY_NAME = {spec.name: spec for spec in ACTIONS}

# From the product's table of keys: what works now.
PROMISED = {
    "play": ("Space",),
    "back": ("Left", "A"),
    "forward": ("Right", "D"),
    "second_back": ("Shift+Left",),
    "second_forward": ("Shift+Right",),
    "previous_lesion": ("Ctrl+Left",),
    "next_lesion": ("Ctrl+Right",),
    "mask": ("M",),
    "outline": ("O",),
    "fit": ("F", "Ctrl+0"),
    "open_video": ("Ctrl+O",),
    "explain_cycle": ("Tab",),
    "layer_strip": ("Shift+Tab",),
    "next_in_queue": ("N",),
    "previous_in_queue": ("Shift+N",),
    "save": ("Ctrl+S",),
    "train": ("Ctrl+T",),
    "shortcuts": ("F1",),
}


def test_names_and_keys_are_unique() -> None:
    keys = Counter(QKeySequence(key).toString() for spec in ACTIONS for key in spec.keys)
    assert len(BY_NAME) == len(ACTIONS)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("name", PROMISED)
def test_promised_keys_are_bound(name: str) -> None:
    assert BY_NAME[name].keys == PROMISED[name]


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.name)
def test_every_key_is_one_that_qt_knows(spec: ActionSpec) -> None:
    for key in spec.keys:
        assert QKeySequence(key).count() == 1
        assert QKeySequence(key).toString() == key


def test_every_action_stands_in_one_menu() -> None:
    listed = Counter(name for names in actions_of_menus().values() for name in names)
    assert listed == Counter(list(BY_NAME))


def test_f1_lists_every_action_with_its_keys_and_every_gesture() -> None:
    lines = [line for group in shortcut_groups().values() for line in group]
    for spec in ACTIONS:
        assert (spec.text.replace("&", ""), keys_text(spec.keys)) in lines
    assert set(GESTURES) <= set(lines)


def test_arrows_are_written_as_signs() -> None:
    assert keys_text(("Ctrl+Left", "A")) == "Ctrl+← or A"
    assert keys_text(()) == ""
