"""The part of the table of actions that is about fine-tuning."""

from __future__ import annotations

from medseg_gui.qt.action_spec import ActionSpec

TRAINING_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("train", "&Train on corrected frames…", "Improve the weights on the frames that you corrected",
               lambda c: c.state.training.show(not c.state.training.is_shown), ("Ctrl+T",), "train",
               is_checkable=True),
    ActionSpec("train_pause", "&Pause or go on", "Let the training that runs wait, or go on",
               lambda c: c.pause_training(), (), "pause"),
    ActionSpec("train_stop", "&Stop and save", "Let the training that runs save and end; it can be gone on with",
               lambda c: c.state.training.stop(), (), "stop"),
    ActionSpec("roll_back", "&Roll back the weights", "Use the weights that were in use before",
               lambda c: c.state.training.roll_back(), (), "undo"),
)  # fmt: skip

TRAINING_MENU: tuple[str | None, ...] = ("train", None, "train_pause", "train_stop", None, "roll_back")
