"""Protocols cut the data as the papers say, run cell by cell, go on when broken off, and tell what was reduced."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from medseg_gui.cli import run as medseg
from medseg_gui.commands.experiment import _encoder_weights
from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.errors import DataError, InputError
from medseg_gui.experiments import EXPERIMENTS
from medseg_gui.experiments.cell import Runner
from medseg_gui.experiments.experiment import run_experiment
from medseg_gui.experiments.leave_one_centre_out import IN, OUT
from medseg_gui.experiments.plan import Budget, Plan
from medseg_gui.experiments.published_figures import CORBETTA
from medseg_gui.experiments.tables import markdown_table, mean_and_deviation
from tests.small_networks import small_networks

CENTRES = ("PolypGen-C1", "PolypGen-C2", "PolypGen-C3")
BUDGET = Budget(epochs=1, size=64, batch_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three centres of ten patients with one frame each."""
    folder = tmp_path_factory.mktemp("centres")
    rng = np.random.default_rng(0)
    for centre in CENTRES:
        for part in ("images", "masks"):
            (folder / centre / part).mkdir(parents=True)
        for i in range(10):
            picture, mask = rng.integers(0, 90, (64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
            cv2.circle(mask, (20 + 2 * i, 32), 10, 255, -1)
            picture[mask > 0] += 100
            cv2.imwrite(str(folder / centre / "images" / f"{i}.png"), picture)
            cv2.imwrite(str(folder / centre / "masks" / f"{i}.png"), mask)
        rows = "".join(f"{i}.png,p{i}\n" for i in range(10))
        (folder / centre / "patients.csv").write_text("image,patient\n" + rows)
    return folder


def plan_of(folder: Path, name: str, **changes: Any) -> Plan:
    return replace(Plan(name, read_dataset(folder), ["unet"], budget=BUDGET), **changes)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_no_patient_stands_on_two_sides(folder: Path, name: str) -> None:
    plan = plan_of(folder, name, seeds=2, guided=(0.0, 0.5))
    cells = list(EXPERIMENTS[name].cells(plan))
    assert len({c.name for c in cells}) == len(cells)
    for cell in cells:
        parts = [cell.training, cell.validation, *cell.tests.values()]
        groups = [{e.group for e in part} for part in parts]
        assert sum(len(g) for g in groups) == len(set().union(*groups))
        assert all(parts)


def test_the_left_out_centre_is_never_learnt_from(folder: Path) -> None:
    plan = plan_of(folder, "augmentation-p", guided=(0.0, 0.4, 0.5, 0.6))
    cells = list(EXPERIMENTS["augmentation-p"].cells(plan))
    assert len(cells) == len(CENTRES) * 4
    for cell in cells:
        centre = cell.labels["left out"]
        assert {e.centre for e in cell.tests[OUT]} == {centre}
        assert centre not in {e.centre for e in [*cell.training, *cell.validation, *cell.tests[IN]]}
        assert cell.recipe.guided == cell.labels["p"]
        assert (len(cell.training), len(cell.validation), len(cell.tests[IN])) == (16, 2, 2)


def test_folds_share_out_all_examples(folder: Path) -> None:
    plan = plan_of(folder, "kfold")
    tests = [e.image for cell in EXPERIMENTS["kfold"].cells(plan) for e in cell.tests["fold"]]
    assert sorted(tests) == sorted(e.image for e in plan.examples)
    assert len(list(EXPERIMENTS["kfold"].cells(plan_of(folder, "kfold", budget=Budget(folds=2))))) == 2
    with pytest.raises(DataError, match="fewer folds"):
        list(EXPERIMENTS["kfold"].cells(plan_of(folder, "kfold", folds=31)))


def test_it_goes_on_after_an_interruption(folder: Path, tmp_path: Path) -> None:
    plan = plan_of(folder, "leave-one-centre-out", centres=CENTRES[:2])
    events: list[dict[str, Any]] = []
    stop_in_second = Runner(
        tmp_path, torch.device("cpu"), events.append, lambda: events[-1]["cell"].startswith("unet-without-PolypGen-C2")
    )
    with small_networks():
        found = run_experiment(plan, stop_in_second)
        assert (found["cells"], found["done"]) == (2, 1)
        assert "1 of 2 runs are done" in (tmp_path / "leave-one-centre-out.md").read_text(encoding="utf-8")
        events.clear()
        found = run_experiment(plan, Runner(tmp_path, torch.device("cpu"), events.append))
    assert found["done"] == 2
    steps = [(e["cell"], e["step"]) for e in events if e["event"] == "step"]
    assert steps[0] == ("unet-without-PolypGen-C2-p0.00-seed0", 1)  # neither the first cell nor its own first step
    page = (tmp_path / "leave-one-centre-out.md").read_text(encoding="utf-8")
    assert f"{CORBETTA['unet']['C1'][0]:.4f}" in page
    assert "1 of 300 epochs at 64²" in page
    told = json.loads((tmp_path / "leave-one-centre-out.json").read_text(encoding="utf-8"))
    assert 0 <= told["results"][0]["scores"][OUT]["dice"] <= 1
    assert [e["epoch"] for e in told["results"][0]["epochs"]] == [1]
    assert str(tmp_path) not in json.dumps(told)
    assert cv2.imread(str(tmp_path / "leave-one-centre-out.png")) is not None
    (tmp_path / "encoder.pth").write_bytes(b"others")
    others = (
        {"budget": replace(BUDGET, epochs=2)},
        {"encoder_weights": {"unet": tmp_path / "encoder.pth"}},
        {"examples": [e for e in plan.examples if e.group != "PolypGen-C3/p0"]},
    )
    for other in others:
        with pytest.raises(InputError, match="another budget, recipe, start or data"):
            run_experiment(replace(plan, **other), Runner(tmp_path, torch.device("cpu")))


def test_the_table_alone_is_enough_to_go_on(folder: Path, tmp_path: Path) -> None:
    plan = plan_of(folder, "leave-one-centre-out", centres=CENTRES[:2])
    table = tmp_path / "elsewhere" / "leave-one-centre-out.json"
    table.parent.mkdir()
    with small_networks():
        run_experiment(replace(plan, centres=CENTRES[:1]), Runner(tmp_path / "first", torch.device("cpu")))
        table.write_bytes((tmp_path / "first" / table.name).read_bytes())
        events: list[dict[str, Any]] = []
        found = run_experiment(plan, Runner(table.parent, torch.device("cpu"), events.append))
    assert found["done"] == 2
    assert {e["cell"] for e in events if e["event"] == "step"} == {"unet-without-PolypGen-C2-p0.00-seed0"}
    first = json.loads((tmp_path / "first" / table.name).read_text(encoding="utf-8"))["results"]
    assert json.loads(table.read_text(encoding="utf-8"))["results"][:1] == first
    table.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        run_experiment(plan, Runner(table.parent, torch.device("cpu")))


def test_a_run_tells_what_it_starts_from(folder: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder.pth"
    encoder.write_bytes(b"some weights")
    digest = "a0c76a31f14d6cbed530bfac73778a5bb84861b795e8bd5d4c8eee29784fb766"
    plan = plan_of(folder, "kfold", networks=["unet", "unet_lite0"], encoder_weights={"unet_lite0": encoder})
    assert plan.start(plan.recipe("unet", 0)) == {"encoder": None}
    assert plan.start(plan.recipe("unet_lite0", 0, 0.5)) == {
        "encoder": {"file": "encoder.pth", "sha256": digest},
        "classifier": None,
    }
    assert "unet_lite0 starts from encoder.pth" in plan.reductions()
    assert "unet starts from random numbers" in plan.reductions()
    with pytest.raises(InputError, match="check the path"):
        replace(plan, encoder_weights={"unet": tmp_path / "none.pth"}).start(plan.recipe("unet", 0))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], {}),
        (["a.pth"], {"unet": "a.pth", "gan": "a.pth"}),
        (["gan=b.pth"], {"gan": "b.pth"}),
        (["gan=b.pth", "x=a.pth"], {"unet": "x=a.pth", "gan": "b.pth"}),
    ],
)
def test_encoder_weights_for_all_networks_or_one(words: list[str], found: dict[str, str]) -> None:
    assert _encoder_weights(words, ["unet", "gan"]) == {network: Path(file) for network, file in found.items()}


def test_encoder_weights_of_a_network_that_is_not_run_are_told() -> None:
    with pytest.raises(InputError, match="add --network sdnet"):
        _encoder_weights(["sdnet=a.pth"], ["unet"])


def result(**labels: Any) -> dict[str, Any]:
    """A result as a cell gives it."""
    scores = dict.fromkeys(("dice", "iou", "precision", "recall", "accuracy", "auc"), 0.5)
    tests = dict.fromkeys((OUT, IN, "fold", "test"), scores)
    sweep = {f"{0.3 + 0.05 * i:.2f}": 0.1 * i for i in range(9)}
    return {
        "labels": labels, "scores": tests, "scores_at_best": tests, "sweep": sweep, "best_threshold": 0.7,
        "centres": {t: {"A": scores, "B": scores} for t in tests}, "epochs": [{"dice": 0.4}, {"dice": 0.5}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kfold", ["0.8902 ± 0.0115", "0.9722 ± 0.0031", "0.9058"]),
        ("leave-one-centre-out", ["0.7257", "0.7353"]),
        ("threshold-sweep", ["0.5500", "0.70"]),
        ("gan", ["0.4600", "0.5600", "test: A"]),
    ],
)
def test_the_published_figures_stand_beside_ours(folder: Path, name: str, words: list[str]) -> None:
    results = [
        result(network="unet", fold=1, seed=0, p=p, **{"left out": "PolypGen-C1", "class": "polyp"}) for p in (0.0, 0.6)
    ]
    page = "\n".join(EXPERIMENTS[name].report(plan_of(folder, name), results))
    assert all(word in page for word in ["0.5000", *words])
    curves, x_label, y_label = EXPERIMENTS[name].curves(results)
    assert all(len(points) >= 2 for points in curves.values())
    assert x_label
    assert y_label


def test_a_network_of_ours_stands_beside_the_one_most_like_it(folder: Path) -> None:
    results = [result(network="unet_lite0", seed=0, p=p, **{"left out": "PolypGen-C1"}) for p in (0.0, 0.5)]
    plain, guided, *told = EXPERIMENTS["augmentation-p"].report(plan_of(folder, "augmentation-p"), results)[2:]
    assert plain.endswith("| 0.7257 |")
    assert guided.endswith("| 0.7353 (p = 60%) |")
    assert "The paper has no unet_lite0; its unet stands beside it." in told[-1]
    others = [result(network="gan", seed=0, p=0.0, **{"left out": "PolypGen-C1"})]
    assert EXPERIMENTS["augmentation-p"].report(plan_of(folder, "augmentation-p"), others)[-1].endswith("| – |")


def test_too_few_centres_are_told(folder: Path) -> None:
    two = [e for e in read_dataset(folder) if e.centre != CENTRES[2]]
    with pytest.raises(DataError, match="p = 0 alone"):
        list(EXPERIMENTS["augmentation-p"].cells(Plan("augmentation-p", two, ["unet"], guided=(0.5,))))
    with pytest.raises(DataError, match="two or more"):
        list(EXPERIMENTS["augmentation-p"].cells(Plan("augmentation-p", two[:10], ["unet"])))
    with pytest.raises(InputError, match="PolypGen-C1"):
        list(EXPERIMENTS["leave-one-centre-out"].cells(plan_of(folder, "leave-one-centre-out", centres=["C9"])))


@pytest.mark.parametrize("words", ["epochs", "epochs=no", "years=3", "size=0"])
def test_a_budget_that_makes_no_sense_is_told(words: str) -> None:
    with pytest.raises(InputError, match="epochs=N"):
        Budget.from_words(words)


def test_a_budget_is_read() -> None:
    assert Budget.from_words("epochs=3,size=128,folds=2") == Budget(epochs=3, size=128, folds=2)
    assert Budget.from_words("") == Budget()


def test_a_shorter_classifier_is_told(folder: Path) -> None:
    plan = plan_of(folder, "augmentation-p", guided=(0.0, 0.5), budget=Budget.from_words("classifier_epochs=3"))
    assert {c.recipe.classifier_epochs for c in EXPERIMENTS["augmentation-p"].cells(plan)} == {3}
    assert "3 of 10 epochs of the centre classifier" in plan.reductions()
    assert not any("classifier" in line for line in replace(plan, guided=(0.0,)).reductions())


def test_tables_show_what_is_unknown_as_a_dash() -> None:
    assert markdown_table(("a", "b"), [(0.5, None)])[-1] == "| 0.5000 | – |"
    assert mean_and_deviation([0.1, 0.3, None]) == "0.2000 ± 0.1414"
    assert mean_and_deviation([]) is None


def test_the_command_runs_a_protocol(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--network", "unet", "--budget", "epochs=1,size=64,batch_size=4,folds=1", "--device", "cpu", "--json"]
    with small_networks():
        assert medseg(["experiment", "kfold", str(folder), "-o", str(tmp_path), *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cells"], told["done"]) == (1, 1)
    assert "0.8902 ± 0.0115" in told["table"]
