"""Versions of weights that a person fine-tuned: each is kept for ever, one is active, and one can go back."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medseg_gui import paths
from medseg_gui.errors import InputError, OutputError, WeightsError
from medseg_gui.networks.weights import WeightsInfo, find_weights, list_weights, load_network, save_weights
from medseg_gui.training.comparison import Comparison
from medseg_gui.types import CLASS_NAMES

_VERSION = re.compile(r"-v\d+$")


class Versions:
    """The versions in a folder, and `active.json`: for each class the names that were active, the present one last.

    Args:
        folder: where they are kept; the user's models when None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.user_models_dir()

    def accept(self, candidate: WeightsInfo, parent: WeightsInfo, comparison: Comparison) -> WeightsInfo:
        """Keep fine-tuned weights as the next version of their parent; it becomes active if it is not worse.

        The version is never changed again. Its header tells parent, hash of the data, recipe and both scores.

        Args:
            candidate: best weights of the run.
            parent: what it was fine-tuned from.
            comparison: the two on the same held-out frames.

        Raises:
            WeightsError: the candidate is damaged.
            OutputError: the folder cannot be written.
        """
        name = self._next_name(parent.name)
        scores = {"before": comparison.before, "after": comparison.after}
        header = {
            **candidate.extra,
            "network": candidate.network,
            "class": CLASS_NAMES[candidate.class_id],
            "input_size": str(candidate.input_size),
            "threshold": str(candidate.threshold),
            "parent": parent.weights_id,
            "held_out": json.dumps(scores),
        }
        version = save_weights(self.folder, name, load_network(candidate), header, _card(name, candidate, comparison))
        for file in version.files:
            file.chmod(0o444)
        if comparison.is_proposed:
            self.activate(version)
        return version

    def active(self, class_id: int) -> str | None:
        """Name of the active weights of a class, None when nobody chose any."""
        names = self._read().get(CLASS_NAMES[class_id], [])
        return names[-1] if names else None

    def activate(self, version: WeightsInfo) -> None:
        """Let these weights be the ones in use for their class."""
        chosen = self._read()
        names = chosen.setdefault(CLASS_NAMES[version.class_id], [])
        if not names or names[-1] != version.name:
            names.append(version.name)
        self._write(chosen)

    def roll_back(self, class_id: int) -> str | None:
        """Go back to the weights that were active before; None means those that came with the program.

        Raises:
            InputError: no version is active.
        """
        chosen = self._read()
        names = chosen.get(CLASS_NAMES[class_id], [])
        if not names:
            raise InputError("The weights in use are those that came with the program; there is nothing to go back to.")
        names.pop()
        self._write(chosen)
        return names[-1] if names else None

    def lineage(self, name: str) -> list[str]:
        """Ids of the weights that a version comes from, its parent first, as far as they are here."""
        found: list[str] = []
        parent = find_weights(name).extra.get("parent", "")
        while parent and parent not in found:
            found.append(parent)
            try:
                parent = find_weights(parent.partition("@")[0]).extra.get("parent", "")
            except WeightsError:
                break  # it was given by somebody else, or taken away
        return found

    def _next_name(self, parent: str) -> str:
        base = _VERSION.sub("", parent)
        names = {w.name for w in list_weights()} | {f.stem for f in self.folder.glob("*.md")}
        number = 2
        while f"{base}-v{number}" in names:
            number += 1
        return f"{base}-v{number}"

    def _read(self) -> dict[str, list[str]]:
        try:
            found: Any = json.loads((self.folder / "active.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}  # nothing was chosen yet, or the file is damaged: the program's own weights are in use
        entries = found.items() if isinstance(found, dict) else ()
        return {k: v for k, v in entries if isinstance(v, list) and all(isinstance(name, str) for name in v)}

    def _write(self, chosen: dict[str, list[str]]) -> None:
        path = self.folder / "active.json"
        partial = path.with_name(path.name + ".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(chosen, indent=1), encoding="utf-8")
            os.replace(partial, path)
        except OSError as e:
            raise OutputError(f"{self.folder} cannot be written ({e.strerror}); free some space.") from e


def _card(name: str, candidate: WeightsInfo, comparison: Comparison) -> str:
    """The run's card under the version's name, with what changed on held-out frames."""
    story = candidate.card.partition("\n## Files (sha256)")[0].partition("\n")[2].strip()
    rows = [f"| {f.image} | {f.before:.4f} | {f.after:.4f} |" for f in comparison.frames]
    return "\n".join(
        [
            f"# {name}",
            "",
            story,
            "",
            f"## Before and after, {datetime.now(UTC):%Y-%m-%d}",
            "",
            comparison.sentence,
            "",
            *(["| held-out frame | Dice before | Dice after |", "| --- | --- | --- |", *rows] if rows else []),
        ]
    )
