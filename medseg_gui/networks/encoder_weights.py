"""Start an encoder from an ImageNet weights file that the user has, since the program never downloads one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from medseg_gui.errors import WeightsError

# A classifier's last layers have no counterpart in an encoder.
_HEADS = ("_conv_head.", "_bn1.", "_fc.", "conv_head.", "bn2.", "fc.", "classifier.", "head.")


def load_encoder_weights(network: nn.Module, path: Path) -> None:
    """Copy a torchvision or timm classifier's weights into `network.encoder`, by name or else by position.

    Some published files name the same tensors differently (`_blocks.0._bn1` for `blocks.0.0.bn1`) but keep
    their order; they are matched by position when every shape agrees.

    Raises:
        WeightsError: the file cannot be read, or its shapes are those of another network.
    """
    encoder = getattr(network, "encoder", None)
    if encoder is None:
        raise WeightsError(f"{type(network).__name__} has no encoder to start from {path.name}; leave it out.")
    source = [(k, v) for k, v in _read_state_dict(path).items() if not k.startswith(_HEADS)]
    target = encoder.state_dict()
    by_name = {k.removeprefix("model."): k for k in target}
    if all(k in by_name for k, _ in _weights_only(source)):
        matched = {by_name[k]: v for k, v in source if k in by_name}
    else:
        matched = _match_by_position(source, target, path)
    missing = [k for k, _ in _weights_only(target.items()) if k not in matched]
    if missing or any(target[k].shape != v.shape for k, v in matched.items()):
        raise WeightsError(f"{path.name} holds weights of another encoder; choose a file made for this network.")
    encoder.load_state_dict(matched, strict=False)


def _read_state_dict(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as e:
        raise WeightsError(f"{path} is not there; check the path of the encoder weights.") from e
    except Exception as e:  # the readers raise many kinds for a damaged file
        raise WeightsError(f"{path.name} is not a readable weights file; try another copy.", repr(e)) from e


def _weights_only(items: Iterable[tuple[str, Tensor]]) -> list[tuple[str, Tensor]]:
    """Without the counters that older files lack."""
    return [(k, v) for k, v in items if not k.endswith("num_batches_tracked")]


def _match_by_position(source: list[tuple[str, Tensor]], target: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    ours, theirs = _weights_only(target.items()), _weights_only(source)
    if [v.shape for _, v in ours] != [v.shape for _, v in theirs]:
        raise WeightsError(f"{path.name} holds weights of another encoder; choose a file made for this network.")
    return {k: v for (k, _), (_, v) in zip(ours, theirs, strict=True)}
