"""Start an encoder from an ImageNet weights file that the user has, since the program never downloads one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from medseg_gui.errors import WeightsError

# A classifier's last layers have no counterpart in an encoder.
_HEADS = ("_conv_head.", "_bn1.", "_fc.", "conv_head.", "bn2.", "fc.", "classifier.", "head.", "pre_logits.")
# What training scripts put around the names.
_WRAPPINGS = ("state_dict", "model", "state_dict_ema")
_PREFIXES = ("module.", "model.", "encoder.", "backbone.")
_VGG_CONVOLUTION = ("weight", "bias")
_VGG_NORM = ("weight", "bias", "running_mean", "running_var")


def load_encoder_weights(network: nn.Module, path: Path) -> None:
    """Copy a torchvision or timm classifier's weights into a network's encoder.

    `network.encoder` is filled by name, or by position where every shape agrees: some published files name the same
    tensors differently (`_blocks.0._bn1` for `blocks.0.0.bn1`) but keep their order. A network with `vgg_stages()`
    takes a `vgg13_bn`. Nothing is changed when the file does not fit.

    Args:
        network: one of ours.
        path: .safetensors, or a .pth that is read with `weights_only=True`, so that nothing in it can run.

    Raises:
        WeightsError: the file cannot be read, its shapes are those of another encoder, or the network has none.
    """
    source = {k: v for k, v in _unwrapped(_read_state_dict(path)).items() if not k.startswith(_HEADS)}
    encoder = getattr(network, "encoder", None)
    if encoder is not None:
        _fill_encoder(encoder, source, path)
    elif hasattr(network, "vgg_stages"):
        _fill_vgg(network.vgg_stages(), source, path)  # type: ignore[operator]  # see explain.blocks
    else:
        raise WeightsError(
            f"{type(network).__name__} has no encoder that {path.name} could start; leave it out (a trained "
            "network can teach it instead: --teacher)."
        )


def _fill_encoder(encoder: nn.Module, source: Mapping[str, Tensor], path: Path) -> None:
    target = encoder.state_dict()
    by_name = {k.removeprefix("model."): k for k in target}
    named = _weights_only(source.items())
    if all(k in by_name for k, _ in named):
        matched = {by_name[k]: v for k, v in source.items() if k in by_name}
    else:
        matched = _match_by_position(named, _weights_only(target.items()), path)
    missing = [k for k, _ in _weights_only(target.items()) if k not in matched]
    if missing or any(target[k].shape != v.shape for k, v in matched.items()):
        raise _another(path)
    encoder.load_state_dict(matched, strict=False)


def _fill_vgg(stages: Iterable[nn.Module], source: Mapping[str, Tensor], path: Path) -> None:
    """The convolutions of `vgg13_bn`, in order, as far as ours go. Its biases move into the batch norms."""
    ours = [m for stage in stages for m in stage.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    theirs = _layers(source)[: len(ours)]
    wanted = [_VGG_CONVOLUTION if isinstance(m, nn.Conv2d) else _VGG_NORM for m in ours]
    if len(theirs) < len(ours) or any(
        layer.keys() < set(names) or layer["weight"].shape != module.weight.shape
        for layer, names, module in zip(theirs, wanted, ours, strict=True)
    ):
        raise WeightsError(f"{path.name} holds weights of another encoder; this network takes a vgg13_bn.")
    with torch.no_grad():
        for conv, norm, of_conv, of_norm in zip(ours[::2], ours[1::2], theirs[::2], theirs[1::2], strict=True):
            conv.weight.copy_(of_conv["weight"])
            shifted = {**of_norm, "running_mean": of_norm["running_mean"] - of_conv["bias"]}
            norm.load_state_dict({k: shifted[k] for k in _VGG_NORM}, strict=False)


def _layers(state: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """The tensors of each layer together, in the order of the file."""
    layers: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        layer, _, name = key.rpartition(".")
        layers.setdefault(layer, {})[name] = value
    return list(layers.values())


def _read_state_dict(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as e:
        raise WeightsError(f"{path} is not there; check the path of the encoder weights.") from e
    except Exception as e:  # the readers raise many kinds for a damaged file
        raise WeightsError(f"{path.name} is not a readable weights file; try another copy.", repr(e)) from e
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path.name} holds no state dict; save `model.state_dict()` and try again.")
    return content


def _unwrapped(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors alone, without what a training script put around them and their names."""
    for wrapping in _WRAPPINGS:
        inner = content.get(wrapping)
        if isinstance(inner, Mapping):
            return _unwrapped(inner)
    tensors = {k: v for k, v in content.items() if isinstance(v, Tensor)}
    for prefix in _PREFIXES:
        if tensors and all(k.startswith(prefix) for k in tensors):
            return _unwrapped({k.removeprefix(prefix): v for k, v in tensors.items()})
    return tensors


def _weights_only(items: Iterable[tuple[str, Tensor]]) -> list[tuple[str, Tensor]]:
    """Without the counters that older files lack."""
    return [(k, v) for k, v in items if not k.endswith("num_batches_tracked")]


def _match_by_position(
    theirs: list[tuple[str, Tensor]], ours: list[tuple[str, Tensor]], path: Path
) -> dict[str, Tensor]:
    if [v.shape for _, v in ours] != [v.shape for _, v in theirs]:
        raise _another(path)
    return {k: v for (k, _), (_, v) in zip(ours, theirs, strict=True)}


def _another(path: Path) -> WeightsError:
    return WeightsError(f"{path.name} holds weights of another encoder; choose a file made for this network.")
