"""The field of view of a scope, found in drawn, rendered and real frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from medseg_gui.data.phantom import render_sample
from medseg_gui.data.phantom.centres import centre_of, field_of_view
from medseg_gui.errors import DataError, ShapeError
from medseg_gui.media.image_file import read_image
from medseg_gui.project.deidentify import black_out, find_field_of_view, with_margin

SIZE = (480, 640)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def drawn(kind: str, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W) bool field of a kind."""
    canvas = np.zeros(size, np.uint8)
    if kind == "full":
        canvas[:] = 1
    elif kind == "circle":
        cv2.circle(canvas, (size[1] // 2, size[0] // 2), size[0] // 2 - 20, 1, -1)
    elif kind == "octagon":
        corners = [(180, 10), (560, 10), (620, 70), (620, 410), (560, 470), (180, 470), (120, 410), (120, 70)]
        cv2.fillPoly(canvas, [np.array(corners)], 1)
    return canvas.astype(bool)


def scene(field: np.ndarray, seed: int, text: bool = True) -> np.ndarray:
    """Tissue inside, noisy black outside, a dark fold at the rim and text at the left."""
    chance = np.random.default_rng(seed)
    rgb = chance.integers(0, 12, (*field.shape, 3)).astype(np.uint8)
    tissue = chance.normal((190, 90, 70), 15, (*field.shape, 3)).clip(60, 255).astype(np.uint8)
    rgb[field] = tissue[field]
    cv2.circle(rgb, (int(chance.integers(250, 450)), 430), 70, (9, 5, 5), -1)
    if text:
        for row in range(60, 400, 40):
            cv2.putText(rgb, "A. Meyer 3.4", (2, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return rgb


@pytest.mark.parametrize("kind", ["full", "circle", "octagon"])
def test_drawn_fields_are_found(kind: str) -> None:
    field = drawn(kind)
    found = find_field_of_view([scene(field, seed, text=kind == "octagon") for seed in range(4)])
    assert found.shape == kind
    assert iou(found.mask, field) > 0.98


def test_text_outside_is_blacked_out_and_tissue_is_not() -> None:
    field = drawn("octagon")
    frame = scene(field, 9)
    clean = black_out(frame, find_field_of_view([scene(field, seed) for seed in range(4)]), margin_px=2)
    far_out = cv2.erode((~field).astype(np.uint8), np.ones((7, 7))).astype(bool)
    well_in = cv2.erode(field.astype(np.uint8), np.ones((13, 13))).astype(bool)
    assert frame[far_out].max() > 200
    assert clean[far_out].max() == 0
    np.testing.assert_array_equal(clean[well_in], frame[well_in])


def test_a_position_picture_that_touches_the_field_is_left_out() -> None:
    field = drawn("octagon")
    frames = [scene(field, seed) for seed in range(3)]
    for frame in frames:
        frame[330:470, 0:140] = (46, 184, 144)
        cv2.polylines(frame, [np.array([(20, 350), (60, 400), (40, 450)])], False, (0, 60, 30), 2)
    found = find_field_of_view(frames).mask
    assert iou(found, field) > 0.97
    assert found[340:460, 5:100].mean() < 0.02


@pytest.mark.parametrize("number", range(8))
def test_phantom_fields_are_found(number: int) -> None:
    frames = [render_sample(seed, number, (288, 384)).rgb for seed in range(3)]
    truth = field_of_view(centre_of(number), (288, 384))
    assert iou(find_field_of_view(frames).mask, truth) > 0.96


def test_the_margin_goes_both_ways_and_keeps_the_frame_edge() -> None:
    found = find_field_of_view([scene(drawn("circle"), 0, text=False)])
    assert with_margin(found, 0) is found
    smaller, larger = with_margin(found, 10).mask, with_margin(found, -10).mask
    assert (smaller <= found.mask).all()
    assert (larger >= found.mask).all()
    assert smaller.sum() < found.mask.sum() < larger.sum()
    full = find_field_of_view([scene(drawn("full"), 0)])
    assert with_margin(full, 10).mask.all()


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (40, 40)])
def test_black_or_tiny_frames_are_left_whole(size: tuple[int, int]) -> None:
    for level in (0, 200):
        found = find_field_of_view([np.full((*size, 3), level, np.uint8)])
        assert found.shape == "full"
        assert found.mask.all()


def test_sizes_must_agree() -> None:
    with pytest.raises(DataError):
        find_field_of_view([])
    with pytest.raises(ShapeError):
        find_field_of_view([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)])
    found = find_field_of_view([np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(ShapeError):
        black_out(np.zeros((5, 5, 3), np.uint8), found)


@pytest.mark.shared_data
@pytest.mark.parametrize("centre", ["PolypGen-C1", "PolypGen-C2", "PolypGen-C3", "Kvasir-SEG", "CVC-ClinicDB"])
def test_no_polyp_is_blacked_out_in_real_frames(shared_data: Path, centre: str) -> None:
    from medseg_gui.data.dataset_folder import read_dataset
    from medseg_gui.data.mask_file import read_mask

    lost, marked = [], 0
    for example in read_dataset(shared_data / "polyp" / centre)[:: 25 if centre == "Kvasir-SEG" else 15]:
        rgb, mask = read_image(example.image), read_mask(example.mask).astype(bool)
        field = find_field_of_view([rgb]).mask
        lost.append((mask & ~field).sum() / mask.sum())
        marked += 1
    assert marked > 10
    assert np.mean(np.array(lost) > 0.02) <= 0.1
