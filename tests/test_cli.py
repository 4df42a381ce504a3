"""The command line as a person or a script meets it: words in, files and exit status out."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from medseg_gui import paths
from medseg_gui.cli import run
from medseg_gui.commands import COMMANDS
from medseg_gui.explanation_record import read_record
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import find_weights, save_weights

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}


@pytest.fixture
def weights() -> str:
    """Random weights in the user's own folder."""
    torch.manual_seed(0)
    save_weights(paths.user_models_dir(), "tiny", build_network("unet_lite0"), HEADER, "# tiny")
    return "tiny"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Six pictures with a bright disc and its mask."""
    rng = np.random.default_rng(1)
    for folder in ("images", "masks"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for i in range(6):
        image, mask = rng.integers(0, 90, (60, 80, 3), np.uint8), np.zeros((60, 80), np.uint8)
        cv2.circle(mask, (20 + 8 * i, 30), 12, 255, -1)
        image[mask > 0] += 120
        cv2.imwrite(str(tmp_path / "data" / "images" / f"f{i}.png"), image)
        cv2.imwrite(str(tmp_path / "data" / "masks" / f"f{i}.png"), mask)
    return tmp_path / "data"


def json_of(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_predict_writes_masks_of_source_size_and_a_table(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "Ergebnis é"
    video = tmp_path / "overlay.mp4"
    arguments = ["predict", str(dataset / "images"), "--weights", weights, "-o", str(out), "--overlay", str(video)]
    assert run([*arguments, "--json"]) == 0
    assert json_of(capsys)["frames"] == 6
    assert sorted(p.name for p in out.iterdir()) == [*(f"f{i}.png" for i in range(6)), "predictions.csv"]
    mask = cv2.imread(str(out / "f0.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (60, 80)
    assert set(np.unique(mask)) <= {0, 255}
    with (out / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["frame"] for r in rows] == [str(i) for i in range(6)]
    assert int(rows[0]["area_px"]) == np.count_nonzero(mask)
    assert all(0 <= float(r["mean_uncertainty"]) <= 1 for r in rows)
    assert video.stat().st_size > 0


def test_every_takes_each_nth(weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert (
        run(["predict", str(dataset / "images"), "--weights", weights, "-o", str(out), "--every", "4", "--json"]) == 0
    )
    assert json_of(capsys)["frames"] == 2


def test_two_pictures_of_one_stem_get_two_masks(weights: str, dataset: Path, tmp_path: Path) -> None:
    (dataset / "images" / "f0.bmp").write_bytes(cv2.imencode(".bmp", np.zeros((10, 10, 3), np.uint8))[1].tobytes())
    assert run(["predict", str(dataset / "images"), "--weights", weights, "-o", str(tmp_path / "o")]) == 0
    assert len(list((tmp_path / "o").glob("*.png"))) == 7


def test_train_then_evaluate_its_validation_part(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    common = ["--network", "unet_lite0", "-o", str(out), "--epochs", "1", "--batch-size", "2", "--size", "64"]
    assert run(["train", str(dataset), *common, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["event"] for e in events if e["event"] != "step"] == ["epoch", "done"]
    weights_file = out / "polyp-unet_lite0.safetensors"
    assert weights_file.is_file()
    assert "research use" in (out / "polyp-unet_lite0.md").read_text(encoding="utf-8")
    assert run(["evaluate", str(dataset), "--weights", str(weights_file), "--part", "validation", "--json"]) == 0
    result = json_of(capsys)
    assert result["mean"]["images"] == 1
    assert 0 <= result["mean"]["dice"] <= 1


def test_a_run_is_not_overwritten(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "resume.pt").write_bytes(b"x")
    assert run(["train", str(dataset), "--network", "unet_lite0", "-o", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err


def test_evaluate_counts_false_alarms_on_negatives(
    weights: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(dataset), "--negatives", str(dataset), "--weights", weights]
    assert run([*arguments, "--threshold-sweep", "--json"]) == 0
    result = json_of(capsys)
    assert result["mean"]["empty_images"] == 6
    assert len(result["sweep"]) == 9


def test_weights_are_listed_shown_exported_and_imported(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["weights", "list"]) == 0
    assert "tiny@" in capsys.readouterr().out
    assert run(["weights", "show", weights]) == 0
    assert "# tiny" in capsys.readouterr().out
    assert run(["weights", "verify"]) == 0
    assert run(["weights", "export", weights, "-o", str(tmp_path / "stick")]) == 0
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "another home"))
    assert run(["weights", "import", str(tmp_path / "stick" / "tiny.safetensors")]) == 0
    assert (paths.user_models_dir() / "tiny.md").is_file()


@pytest.mark.parametrize("method", ["lrp", "layers", "gradcam", "hirescam"])
def test_explain_writes_arrays_pictures_and_figures(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    out = tmp_path / "out"
    arguments = ["explain", str(dataset / "images"), "--weights", weights, "--method", method, "-o", str(out)]
    assert run([*arguments, "--threshold", "0.3", "--every", "3", "--json"]) == 0
    frames = json_of(capsys)["frames"]
    assert [f["name"] for f in frames] == ["f0.png", "f3.png"]
    for frame in frames:
        assert all((out / file).is_file() for file in frame["files"])
        assert frame["inside"] + frame["rim"] + frame["outside"] == pytest.approx(1)
        assert frame["verdict"] in ("sound", "unstable", "suspect")
        assert (frame["ledger_error"] is None) == method.endswith("cam")
        assert cv2.imread(str(out / frame["files"][-1])).shape == (60, 80, 3)
    arrays = [np.load(out / file) for file in frames[0]["files"][:-1]]
    assert all(a.dtype == np.float32 for a in arrays)
    if method == "layers":
        assert len(arrays) == len(frames[0]["layers"]) == 10
        assert [float(a.sum()) for a in arrays] == pytest.approx(list(frames[0]["layers"].values()), abs=1e-4)
    else:
        assert arrays[0].shape == (60, 80)
        assert float(arrays[0].sum()) == pytest.approx(frames[0]["total"], rel=0.05)


def test_explain_says_when_nothing_is_predicted(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explain", str(dataset / "images" / "f0.png"), "--weights", weights, "-o", str(tmp_path / "out")]
    assert run([*arguments, "--threshold", "0.9999"]) == 1
    assert "nearest miss" in capsys.readouterr().err
    assert run([*arguments, "--threshold", "0.9999", "--target", "nearest-miss"]) == 0
    assert "f0.png" in capsys.readouterr().out


def test_evaluate_holds_explanations_beside_baselines(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "explanations.md"
    arguments = ["evaluate", str(dataset), "--weights", weights, "--explanations", "--limit", "1", "--threshold", "0.3"]
    assert run([*arguments, "--report", str(page), "--json"]) == 0
    result = json_of(capsys)
    assert result["images"] == 1
    assert {"mask", "edges", "noise", "lrp epsilon", "lrp zplus", "gradcam", "hirescam"} <= set(result["maps"])
    assert result["maps"]["edges"]["randomised"] == pytest.approx(1)
    assert not result["maps"]["edges"]["passes"]["learnt"]
    assert "| *mask* |" in page.read_text(encoding="utf-8")


def test_explain_checks_each_map_on_demand(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explain", str(dataset / "images"), "--weights", weights, "-o", str(tmp_path / "out"), "--every", "5"]
    assert run([*arguments, "--threshold", "0.4", "--check", "--json"]) == 0
    for row in json_of(capsys)["frames"]:
        assert [m["name"] for m in row["check"]["maps"]] == ["map", "mask", "edges", "noise"]
        assert all(0 <= p <= 1 for m in row["check"]["maps"] for p in (*m["deletion"], *m["insertion"]))
        assert row["warning"] == ""
    assert run([*arguments, "--threshold", "0.4", "--check"]) == 0
    assert "with shuffled weights" in capsys.readouterr().out


def test_what_is_measured_is_kept_beside_the_weights(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    arguments = ["evaluate", str(dataset), "--weights", weights, "--explanations", "--threshold", "0.4"]
    assert run([*arguments, "--limit", "1", "--seed", "3", "--keep", "--report", str(page), "--json"]) == 0
    told = json_of(capsys)
    assert "--limit 1 --seed 3" in page.read_text(encoding="utf-8")
    assert str(tmp_path) not in page.read_text(encoding="utf-8")
    record = read_record(find_weights(weights))
    assert record.images == 1
    ways = {name: row for name, row in told["maps"].items() if name not in ("mask", "edges", "noise")}
    assert set(record.warnings) == {name for name, row in ways.items() if not all(row["passes"].values())}


def test_bench_counts_what_explanations_cost(weights: str, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", str(dataset / "images"), "--weights", weights, "--frames", "10", "--no-window"]
    assert run([*arguments, "--explain", "--json"]) == 0
    costs = json_of(capsys)["explanations"]
    assert costs["lrp epsilon"]["forwards"] <= 2.2
    assert costs["lrp zplus"]["forwards"] <= 4.0
    assert costs["gradcam"]["forwards"] <= 1.5
    assert costs["hirescam at bottleneck"]["forwards"] <= 1.5
    assert all(0 < c["best_ms"] <= c["median_ms"] for c in costs.values())
    assert costs["zennit epsilon"]["forwards"] > 1.5 * costs["lrp epsilon"]["forwards"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "{missing}.mp4", "--weights", "tiny", "-o", "{out}"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--method", "tea-leaves"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--rule", "golden"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--method", "gradcam", "--layer", "cellar"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--target", "lesion:two"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--target", "pixel:900,1"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--target", "moon"],
        ["explain", "{data}", "--weights", "tiny", "-o", "{out}", "--every", "0"],
        ["predict", "{missing}.mp4", "--weights", "tiny", "-o", "{out}"],
        ["predict", "{empty}", "--weights", "tiny", "-o", "{out}"],
        ["predict", "{data}", "--weights", "nobody", "-o", "{out}"],
        ["predict", "{data}", "--weights", "tiny", "-o", "{out}", "--threshold", "7"],
        ["predict", "{data}", "--weights", "tiny", "-o", "{out}", "--device", "abacus"],
        ["train", "{missing}", "--network", "unet_lite0", "-o", "{out}"],
        ["train", "{data}", "--network", "vgg", "-o", "{out}"],
        ["train", "{data}", "--network", "unet_lite0", "-o", "{out}", "--class", "kidney"],
        ["evaluate", "{missing}", "--weights", "tiny"],
        ["weights", "import", "{empty}"],
        ["weights", "show"],
        ["phantom", "{out}", "--count", "0"],
        ["bench", "{missing}", "--weights", "tiny"],
        ["project", "show", "{missing}"],
        ["project", "import", "{out}", "--from", "{missing}", "--format", "coco"],
        ["project", "import", "{out}", "--format", "coco"],
        ["project", "export", "{missing}", "--format", "dicom", "-o", "{out}"],
        ["predict"],
        ["doctor", "--nonsense"],
    ],
)
def test_bad_input_ends_with_two_and_one_sentence(
    weights: str, dataset: Path, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    places = {n: str(tmp_path / n) for n in ("missing", "empty", "out")} | {"data": str(dataset)}
    words = [a.format(**places) for a in arguments]
    try:
        status = run(words)
    except SystemExit as e:
        status = e.code
    error = capsys.readouterr().err.strip()
    assert status == 2
    assert error.splitlines()[-1].startswith("medseg: ")
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if line.startswith("medseg: ")]) == 1


def test_results_that_cannot_be_written_end_with_two(
    weights: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert run(["predict", str(dataset / "images"), "--weights", weights, "-o", str(tmp_path / "file" / "out")]) == 2
    assert "choose another" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "{data}/images", "--weights", "{weights}", "-o", "{out}"],
        ["predict", "{data}/images", "--weights", "{weights}", "-o", "{out}", "--overlay", "{out}.mp4"],
        ["explain", "{data}/images", "--weights", "{weights}", "-o", "{out}", "--target", "pixel:8,8"],
        ["phantom", "{out}", "--count", "2"],
        ["phantom", "{out}", "--video", "--seconds", "0.2"],
    ],
)
def test_a_full_disk_ends_with_two_and_one_sentence(
    weights: str, dataset: Path, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The system itself refuses to let files grow beyond some bytes."""
    resource = pytest.importorskip("resource")
    out = tmp_path / "out"
    words = [a.format(data=dataset, weights=weights, out=out) for a in arguments]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        status = run(words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("medseg: ")]
    assert status == 2
    assert len(error) == 1
    assert "cannot be" in error[0]
    assert ";" in error[0]
    assert not [f for f in out.rglob("*") if f.suffix in (".png", ".npy", ".mp4", ".safetensors")]


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_a_word_that_is_no_command_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str | None] = []
    monkeypatch.setattr(COMMANDS["window"], "run", lambda args: opened.append(args.source))
    run([])
    run(["demo"])
    run(["/a video.mp4"])
    assert opened == [None, "demo", "/a video.mp4"]


CORE = ["types", "errors", "paths", "settings", "overlay", "device", "media", "data", "networks", "segmenter",
        "explain", "explanation", "explanation_files", "relevance_picture", "prediction", "training.loop",
        "training.versions", "experiments.experiment", "evaluation.scores",
        "project.exchange.transfer", "project.review", "cli"]  # fmt: skip


@pytest.mark.parametrize("module", CORE)
def test_the_core_never_loads_qt(module: str) -> None:
    code = f"import sys, medseg_gui.{module}; sys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_comes_without_heavy_libraries() -> None:
    code = "import sys, medseg_gui.cli; sys.exit(any(m in sys.modules for m in ('torch', 'cv2', 'av', 'PySide6')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
