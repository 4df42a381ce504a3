"""Which processor does the work, and why not a faster one."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from medseg_gui.errors import InputError

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class DeviceChoice:
    """The device in use and the reason, in words for the status bar."""

    device: torch.device
    reason: str


def choose_device(wanted: str = "auto") -> DeviceChoice:
    """Pick the device to run on.

    Args:
        wanted: one of DEVICES; "auto" takes the fastest there is.

    Raises:
        InputError: the wanted device is not on this computer.
    """
    if wanted == "cpu":
        return DeviceChoice(torch.device("cpu"), "CPU: as asked for")
    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        return DeviceChoice(torch.device("cuda"), f"CUDA: {torch.cuda.get_device_name()}")
    if wanted in ("auto", "mps") and torch.backends.mps.is_available():
        return DeviceChoice(torch.device("mps"), "Apple GPU")
    if wanted == "auto":
        return DeviceChoice(torch.device("cpu"), f"CPU: {_why_no_cuda()}")
    if wanted in DEVICES:
        raise InputError(f"There is no {wanted} device here ({_why_no_cuda()}); choose auto or cpu.")
    raise InputError(f"{wanted!r} is no device; choose one of {', '.join(DEVICES)}.")


def leave_a_core() -> None:
    """Let networks on the CPU use all cores but one, which decodes and paints."""
    torch.set_num_threads(min(torch.get_num_threads(), max((os.cpu_count() or 1) - 1, 1)))


def _why_no_cuda() -> str:
    if not torch.backends.cuda.is_built():
        return "this PyTorch was built without CUDA"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as e:
        text = str(e).lower()
        return "no NVIDIA driver found" if "driver" in text else "no CUDA device found"
    return "no CUDA device found"


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Half-precision type that makes training faster on this device, None where float32 is as fast.

    On a CPU with bfloat16 instructions training takes half the time; without them it takes longer.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return None


def _cpu_has_bfloat16() -> bool:
    # Private names that may go: without them we stay with float32, which is always right.
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, ask)() for ask in asks if hasattr(torch.cpu, ask))
