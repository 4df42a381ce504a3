"""Noise that sticks to surfaces: mucosa, vessels, wetness."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from medseg_gui.types import FloatArray

_SIDE = 512


@functools.lru_cache(maxsize=32)
def noise_tile(seed: int, cells: int, octaves: int = 4) -> FloatArray:
    """(512, 512) float32 smooth noise in about [-1, 1] that tiles without a seam; do not write to it.

    Args:
        seed: which noise.
        cells: waves across the tile in the first octave.
        octaves: how many finer copies are added.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((_SIDE, _SIDE), np.float32)
    for octave in range(octaves):
        n = min(cells * 2**octave, _SIDE // 2)
        grid = np.pad(rng.normal(size=(n, n)).astype(np.float32), 2, mode="wrap")
        step = _SIDE / n
        fine = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        edge = round(2 * step)
        total += fine[edge : edge + _SIDE, edge : edge + _SIDE] * 0.55**octave
    return total / max(float(np.abs(total).max()), 1e-6)


def sample(tile: FloatArray, u: FloatArray, v: FloatArray) -> FloatArray:
    """Look a tile up at coordinates of any shape, in units of its side, wrapping round, bilinearly."""
    x, y = np.asarray(u * _SIDE), np.asarray(v * _SIDE)
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
    i, j = y0.astype(np.int64) % _SIDE, x0.astype(np.int64) % _SIDE
    below, right = (i + 1) % _SIDE, (j + 1) % _SIDE
    upper = tile[i, j] * (1 - fx) + tile[i, right] * fx
    lower = tile[below, j] * (1 - fx) + tile[below, right] * fx
    return upper * (1 - fy) + lower * fy


def vessels(seed: int, u: FloatArray, v: FloatArray) -> FloatArray:
    """(H, W) float32 in [0, 1], 1 on the middle of a vessel: the zero lines of bent noise, in two widths."""
    bend = 0.05 * sample(noise_tile(seed + 1, 8), u, v)
    large = np.abs(sample(noise_tile(seed + 2, 6, 2), u + bend, v - bend))
    small = np.abs(sample(noise_tile(seed + 3, 16, 2), u - bend, v + bend))
    return np.maximum(np.exp(-np.square(large / 0.02)), 0.6 * np.exp(-np.square(small / 0.03)))
