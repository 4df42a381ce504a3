"""What fine-tuning on thirty corrected frames of a new hospital gains there, and what it forgets elsewhere.

    medseg train DATA/polyp/PolypGen-C1 … -o RUN --network unet_lite0       # everything but the new hospital
    python scripts/fine_tuning_gains.py --weights RUN/polyp-unet_lite0.safetensors \\
        --data DATA/polyp/PolypGen-C5 --forget DATA/polyp/Kvasir-SEG -o OUT

The true masks of thirty frames stand for a person's corrections: six of each of five recordings, drawn anew for each
seed. The window's own plan, job and process (Ctrl+T) hold out one recording and learn from the rest. Old and new
weights are then measured on all frames of the recordings that nobody corrected, and on the part of `--forget` that
the old weights were validated on. Results are kept in OUT/fine-tuning.json after each seed; the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medseg_gui.data.dataset_folder import Example, read_dataset
from medseg_gui.data.manifest import manifest_hash
from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import InputError, MedsegError
from medseg_gui.evaluation.report_file import write_report
from medseg_gui.evaluation.scores import ImageScore, score_images, summarise
from medseg_gui.experiments.tables import markdown_table, mean_and_deviation
from medseg_gui.networks.weights import WeightsInfo, find_weights
from medseg_gui.project.records import CorrectedFrame, FrameKey
from medseg_gui.qt.state.training_plan import RECIPES, TrainingPlan
from medseg_gui.segmenter import Segmenter
from medseg_gui.training.job import TrainingJob
from medseg_gui.training.protocol import training_command
from medseg_gui.training.run_folder import RunFolder

NAME = "fine-tuning"
_RECORDINGS = 5  # that are corrected, so that the window has a fifth of the frames to hold out


def draw(examples: Sequence[Example], count: int, seed: int) -> tuple[list[Example], list[Example]]:
    """(corrected frames, evenly over some recordings; all frames of other recordings).

    Raises:
        InputError: there are too few recordings with enough frames, or nothing would be left to measure on.
    """
    each = count // _RECORDINGS
    groups: dict[str, list[Example]] = {}
    for e in examples:
        groups.setdefault(e.group, []).append(e)
    large = sorted(group for group, found in groups.items() if len(found) >= each)
    chosen = random.Random(seed).sample(large, min(_RECORDINGS, len(large)))
    others = [e for e in examples if e.group not in chosen]
    if len(chosen) < _RECORDINGS or not others:
        raise InputError(f"There are too few recordings to correct {count} frames and measure on others.")
    return [groups[group][i * len(groups[group]) // each] for group in chosen for i in range(each)], others


def plan_of(corrected: Sequence[Example], base: WeightsInfo, recipe: str, size: int) -> TrainingPlan:
    """What the window would propose for these frames."""
    frames = tuple(
        CorrectedFrame(
            FrameKey(e.image.stem, 0, 0.0),
            e.centre,
            e.group.partition("/")[2],
            e.group,
            frozenset({base.class_id}),
            is_there=True,
        )
        for e in corrected
    )
    expert = {} if size == 256 else {"size": size}
    return TrainingPlan(frames, base.class_id, str(base.files[0]), base.network, recipe=recipe, expert=expert)


def copy_frames(corrected: Sequence[Example], folder: Path) -> None:
    """As the window copies them: a data set folder with the centre's name, and who must not be separated."""
    for e in corrected:
        for part, file in (("images", e.image), ("masks", e.mask)):
            assert file is not None
            (folder / e.centre / part).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / e.centre / part)
    rows = [f"{e.image.stem},{e.group.partition('/')[2]}" for e in corrected]
    for centre in {e.centre for e in corrected}:
        (folder / centre / "patients.csv").write_text("\n".join(["image,patient", *rows, ""]), encoding="utf-8")


def fine_tune(plan: TrainingPlan, corrected: Sequence[Example], folder: Path) -> tuple[WeightsInfo, float, float]:
    """Learn in a process of its own.

    Returns:
        (new weights, seconds on the clock, seconds of all its processors together).

    Raises:
        InputError: nothing came of it.
    """
    job = TrainingJob(folder, plan.base, plan.network, plan.class_id, tuple(sorted(plan.held_out)), plan.settings)
    copy_frames(corrected, job.data)
    begun, used = time.perf_counter(), _processor_seconds()
    with subprocess.Popen(training_command(job.arguments()), stdin=subprocess.PIPE, stdout=sys.stderr) as process:
        process.wait()  # with its standard input open: it ends when its supervisor goes away
    took = time.perf_counter() - begun, _processor_seconds() - used
    weights = RunFolder(job.run).weights()
    if process.returncode or weights is None:
        raise InputError("The training process gave up; see above.")
    return weights, *took


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def one_seed(args: argparse.Namespace, base: WeightsInfo, old: dict[Path, ImageScore], seed: int) -> dict[str, Any]:
    """Draw, fine-tune, measure."""
    corrected, others = draw(read_dataset(args.data, base.class_id), args.frames, seed)
    plan = plan_of(corrected, base, args.recipe, args.size)
    if plan.refusal:
        raise InputError(plan.refusal)
    kept = _kept_part(args.forget, base.class_id)
    with tempfile.TemporaryDirectory() as folder:
        new, seconds, processor_seconds = fine_tune(plan, corrected, Path(folder))
        segmenter = Segmenter(new, "cpu")
        after = {
            name: _summary(score_images(part, segmenter, [0.5])) for name, part in (("new", others), ("old", kept))
        }
    learnt, held_out = plan.counts
    return {
        "seed": seed,
        "learnt": learnt,
        "held_out": held_out,
        "settings": dict(plan.settings),
        "data": manifest_hash([*corrected, *others, *kept]),
        "weights": base.weights_id,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor_seconds, 1),
        "before": {n: _summary([old[e.image] for e in part]) for n, part in (("new", others), ("old", kept))},
        "after": after,
    }


def _summary(scores: Sequence[ImageScore]) -> dict[str, Any]:
    return summarise(scores, 0.5)


def _kept_part(folder: Path, class_id: int) -> list[Example]:
    """What `medseg train` with its default seed validates on, and never learns from."""
    return split_by_group(read_dataset(folder, class_id), 0.1, 0)[1]


def measured(base: WeightsInfo, folders: Sequence[list[Example]]) -> dict[Path, ImageScore]:
    """Each picture with the old weights."""
    examples = [e for part in folders for e in part]
    return dict(zip([e.image for e in examples], score_images(examples, Segmenter(base, "cpu"), [0.5]), strict=True))


def page(args: argparse.Namespace, results: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown: a row for each seed, and their mean."""
    new, old = args.data.name, f"{args.forget.name} validation"
    rows: list[tuple[Any, ...]] = []
    for r in results:
        dices = [r[when][part]["dice"] for part in ("new", "old") for when in ("before", "after")]
        images = r["after"]["new"]["images"]
        rows.append((r["seed"], f"{r['learnt']} + {r['held_out']}", images, *dices, f"{r['processor_seconds']:.0f}"))
    means = [mean_and_deviation([row[i] for row in rows]) for i in range(3, 7)]
    seconds = max(r["processor_seconds"] for r in results)
    rows.append(("mean", "", "", *means, f"at most {seconds:.0f}"))
    columns = ("seed", "learnt + held out", "measured on", f"{new} before", f"{new} after", f"{old} before")
    return markdown_table((*columns, f"{old} after", "processor seconds"), rows)


def main() -> int:
    """Parse the arguments and go; exit status 2 when something is unusable."""
    args = _parser().parse_args()
    file = args.output / f"{NAME}.json"
    try:
        base = find_weights(args.weights)
        results = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
        if any(r["weights"] != base.weights_id for r in results):
            raise InputError(f"{file} is of other weights; choose another folder.")
        old = measured(base, [read_dataset(args.data, base.class_id), _kept_part(args.forget, base.class_id)])
        args.output.mkdir(parents=True, exist_ok=True)
        for seed in range(args.seeds):
            if all(r["seed"] != seed for r in results):
                results.append(one_seed(args, base, old, seed))
            write_report(file, json.dumps(results, indent=1))
            write_report(file.with_suffix(".md"), "\n".join(page(args, results)) + "\n")
    except MedsegError as e:
        print(e, file=sys.stderr)
        return 2
    print("\n".join(page(args, results)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="name or file; must never have seen --data")
    parser.add_argument("--data", type=Path, required=True, help="data set folder of the new hospital")
    parser.add_argument("--forget", type=Path, required=True, help="a data set folder that the weights were trained on")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--frames", type=int, default=30, help="how many are corrected (default 30)")
    parser.add_argument("--seeds", type=int, default=5, help="how often, with other frames (default 5)")
    parser.add_argument("--recipe", choices=tuple(RECIPES), default="quick", help="of the window (default quick)")
    parser.add_argument("--size", type=int, default=256, help="side of the pictures (default 256)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
