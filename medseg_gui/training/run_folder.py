"""What a training run leaves on disk: metrics as JSON lines, the state to resume from, the recipe."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch

from medseg_gui.errors import InputError, OutputError
from medseg_gui.evaluation.curves import write_curves
from medseg_gui.networks.weights import WeightsInfo, read_info


class RunFolder:
    """The folder of one run.

    Files: `recipe.json`, `metrics.jsonl` (one object an event), `resume.pt` (after each
    epoch and when stopped), the weights with their model card, `curves.png`, `samples/` (what it marks now).

    Raises:
        OutputError: it cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise OutputError(f"The folder {folder} cannot be made ({e.strerror}); choose another.") from e

    @property
    def can_resume(self) -> bool:
        """Whether an interrupted run lies here."""
        return (self.folder / "resume.pt").is_file()

    def log(self, event: dict[str, Any]) -> None:
        """Add one line to `metrics.jsonl`."""
        try:
            with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")
        except OSError as e:
            raise OutputError(f"{self.folder} cannot be written ({e.strerror}); free some space and resume.") from e

    def events(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`; a line cut short by a kill is passed over."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [event for line in lines if (event := _parse(line)) is not None]

    def save_state(self, state: dict[str, Any]) -> None:
        """Keep what a resumed run needs; the old state stays until the new one is whole."""
        partial = self.folder / "resume.pt.part"
        try:
            torch.save(state, partial)
            os.replace(partial, self.folder / "resume.pt")
        except (OSError, RuntimeError) as e:  # torch tells a full disk as a RuntimeError
            partial.unlink(missing_ok=True)
            raise OutputError(f"{self.folder} cannot be written; free some space and resume.", str(e)) from e

    def load_state(self) -> dict[str, Any]:
        """The state of the last whole epoch, or of the stop after it.

        Raises:
            InputError: it is damaged or belongs to another program.
        """
        try:
            return torch.load(self.folder / "resume.pt", map_location="cpu", weights_only=True)
        except Exception as e:  # the reader raises many kinds for a damaged file
            raise InputError(f"{self.folder} cannot be resumed: its state is damaged; start a new run.", repr(e)) from e

    def draw_curves(self) -> None:
        """Draw loss and Dice of the epochs so far into `curves.png`."""
        epochs = [e for e in self.events() if e["event"] == "epoch"]
        if epochs:
            curves = {name: [(e["epoch"], e[name]) for e in epochs] for name in ("loss", "dice")}
            write_curves(self.folder / "curves.png", curves, "epoch", "loss; Dice on the validation part")

    def weights(self) -> WeightsInfo | None:
        """The best weights so far, None before the first epoch ended."""
        files = sorted(self.folder.glob("*.safetensors"))
        return read_info(files[0]) if files else None


def _parse(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
