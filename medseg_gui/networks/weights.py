"""Weights files on disk: list, verify, load and save them. Safetensors only, so nothing in a file can run.

`<name>.safetensors` (or `<name>-1-of-2.safetensors` …) stands beside its model card `<name>.md`. The file's header
tells the network; the card tells the story and the sha256 of each file, in the format of `sha256sum`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from medseg_gui import paths
from medseg_gui.errors import OutputError, WeightsError
from medseg_gui.networks import build_network
from medseg_gui.networks.replacing import SUM, finish_replacing, part_of, replace_with_card
from medseg_gui.types import CLASS_NAMES

_SHARD_BYTES = 90 * 1024**2
_MOST_SHARDS = 999
_INPUT_SIZES = range(16, 4097)
_SHARD = re.compile(r"^(?P<name>.+)-(?P<part>\d+)-of-(?P<parts>\d+)$")
_CLASS_IDS = {name: class_id for class_id, name in CLASS_NAMES.items()}


@dataclass(frozen=True)
class WeightsInfo:
    """What is known of a weights file before it is loaded.

    Attributes:
        name: what people call it, "polyp-unet_lite0".
        network: key of NETWORKS.
        class_id: what its single output marks.
        input_size: side of the square that frames are resized to, in pixels.
        threshold: probability from which a pixel belongs to the class, in (0, 1).
        files: its safetensors files, in order.
        card: the text of its model card, empty when there is none.
        extra: what else the header tells (split, seed, parent …).
    """

    name: str
    network: str
    class_id: int
    input_size: int
    threshold: float
    files: tuple[Path, ...]
    card: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def weights_id(self) -> str:
        """Name and the first eight digits of the hash of its contents: tells two versions of one name apart."""
        joined = "".join(file_sha256(f) for f in self.files)
        return f"{self.name}@{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def list_weights() -> list[WeightsInfo]:
    """All readable weights that came with the program or belong to the user, by name; the user's own win."""
    found: dict[str, WeightsInfo] = {}
    for folder in (paths.models_dir(), paths.user_models_dir()):
        for file in sorted(folder.glob("*.safetensors")) if folder.is_dir() else []:
            try:
                info = read_info(file)
            except WeightsError:
                continue  # `medseg weights verify` tells about damaged files; a list shows what can be used
            found[info.name] = info
    return [found[name] for name in sorted(found)]


def find_weights(name: str | Path) -> WeightsInfo:
    """Weights by their name in the list, or by the path of a file.

    Raises:
        WeightsError: there are none of this name, or the file is unusable.
    """
    path = Path(name)
    if path.suffix == ".safetensors":
        return read_info(path)
    known = {w.name: w for w in list_weights()}
    if str(name) not in known:
        raise WeightsError(f"There are no weights called {name}; `medseg weights list` shows what is here.")
    return known[str(name)]


def read_info(path: Path) -> WeightsInfo:
    """Read header and model card of a weights file, any of its shards.

    Raises:
        WeightsError: not there, not a safetensors file, a shard is missing, or the header is not ours.
    """
    match = _SHARD.match(path.stem)
    name = match["name"] if match else path.stem
    card = path.with_name(f"{name}.md")
    with contextlib.suppress(OSError):  # where nothing can be written, the hash tells
        finish_replacing(card)
    header = _read_header(path)
    files = _shards(path, name, int(match["parts"])) if match else (path,)
    try:
        return WeightsInfo(
            name=name,
            network=header.pop("network"),
            class_id=_CLASS_IDS[header.pop("class")],
            input_size=_input_size(header.pop("input_size")),
            threshold=_threshold(header.pop("threshold")),
            files=files,
            card=card.read_text(encoding="utf-8") if card.is_file() else "",
            extra=header,
        )
    except (KeyError, ValueError, OSError) as e:
        raise WeightsError(
            f"{path.name} does not say which network it belongs to; export it with this program.", repr(e)
        ) from e


def verify(info: WeightsInfo) -> None:
    """Compare each file with the sha256 in the model card.

    Raises:
        WeightsError: a sum differs, or the card names none.
    """
    listed = {name.strip(): digest for digest, name in SUM.findall(info.card)}
    for file in info.files:
        if file.name not in listed:
            raise WeightsError(f"The model card of {info.name} gives no sha256 for {file.name}; import it anew.")
        if file_sha256(file) != listed[file.name]:
            raise WeightsError(
                f"{file.name} is not the file its model card describes (sha256 differs); get a new copy."
            )


def load_network(info: WeightsInfo) -> nn.Module:
    """Build the network and fill it, strictly: every tensor, every shape, every number finite.

    Files with a model card must match its sha256.

    Returns:
        The network in eval mode, float32, on the CPU, gradients off.

    Raises:
        WeightsError: hash, names, shapes or numbers are wrong.
    """
    if info.card:
        verify(info)
    network = build_network(info.network)
    state = {k: v for file in info.files for k, v in _read_tensors(file).items()}
    if broken := [k for k, v in state.items() if v.is_floating_point() and not torch.isfinite(v).all()]:
        raise WeightsError(f"{info.name} holds numbers that are not finite ({broken[0]}); use another version.")
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except RuntimeError as e:
        raise WeightsError(f"{info.name} holds weights of another network than {info.network}.", str(e)) from e
    return network.eval().requires_grad_(False)


def save_weights(folder: Path, name: str, network: nn.Module, header: Mapping[str, str], card: str) -> WeightsInfo:
    """Write weights in half precision with their model card; files over 90 MB are cut in shards.

    Whenever the process is killed, the weights that were there before are there, or the new ones.

    Args:
        folder: where to, made when missing.
        name: file name without ending.
        network: what to save.
        header: network, class, input_size, threshold and what else should travel, all as text.
        card: Markdown; the list of sha256 sums is added at its end.

    Raises:
        OutputError: disk full, no permission.
    """
    shards = _cut(network.state_dict())
    endings = [""] if len(shards) == 1 else [f"-{i}-of-{len(shards)}" for i in range(1, len(shards) + 1)]
    files = [folder / f"{name}{ending}.safetensors" for ending in endings]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        finish_replacing(folder / f"{name}.md")
        for file, shard in zip(files, shards, strict=True):
            save_file(shard, part_of(file), dict(header))
        sums = "\n".join(f"{file_sha256(part_of(f))}  {f.name}" for f in files)
        replace_with_card(folder / f"{name}.md", f"{card.rstrip()}\n\n## Files (sha256)\n\n```\n{sums}\n```\n")
    except (OSError, SafetensorError) as e:
        raise OutputError(
            f"The weights cannot be written to {folder}; free some space or choose another folder.", str(e)
        ) from e
    return read_info(files[0])


def copy_weights(info: WeightsInfo, folder: Path) -> WeightsInfo:
    """Copy files and model card to another folder.

    Raises:
        OutputError: weights of this name are there already, the disk is full, no permission.
    """
    card = info.files[0].with_name(f"{info.name}.md")
    files = [*info.files, *([card] if card.is_file() else [])]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any((folder / f.name).exists() for f in files):
            raise OutputError(f"{folder} already holds weights called {info.name}; rename one of the two.")
        for file in files:
            partial = folder / f"{file.name}.part"
            shutil.copyfile(file, partial)
            os.replace(partial, folder / file.name)
    except OSError as e:
        raise OutputError(f"The weights cannot be copied to {folder} ({e.strerror}).") from e
    return read_info(folder / info.files[0].name)


def file_sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes.

    Raises:
        WeightsError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as e:
        raise WeightsError(f"{path.name} cannot be read; check that it is still there.", str(e)) from e


def _read_header(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise WeightsError(f"{path} is not there; check the path of the weights.")
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as e:
        raise WeightsError(f"{path.name} is not a readable safetensors file; get a new copy.", str(e)) from e


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
    except (SafetensorError, OSError) as e:
        raise WeightsError(f"{path.name} is not a readable safetensors file; get a new copy.", str(e)) from e


def _input_size(text: str) -> int:
    if int(text) not in _INPUT_SIZES:
        raise ValueError(f"an input of {text} px cannot be")
    return int(text)


def _threshold(text: str) -> float:
    if not 0 < float(text) < 1:  # not for NaN either
        raise ValueError(f"a threshold of {text} cannot be")
    return float(text)


def _shards(path: Path, name: str, parts: int) -> tuple[Path, ...]:
    if parts > _MOST_SHARDS:
        raise WeightsError(f"{path.name} claims to be one of {parts} parts, which cannot be; get a new copy.")
    files = tuple(path.with_name(f"{name}-{i}-of-{parts}.safetensors") for i in range(1, parts + 1))
    if missing := [f.name for f in files if not f.is_file()]:
        raise WeightsError(f"{missing[0]} is missing; all {parts} parts of {name} must lie side by side.")
    return files


def _cut(state: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Half-precision copies in as few parts under the shard size as their order allows."""
    shards: list[dict[str, Tensor]] = [{}]
    filled = 0
    for key, value in state.items():
        half = (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
        size = half.numel() * half.element_size()
        if filled and filled + size > _SHARD_BYTES:
            shards.append({})
            filled = 0
        shards[-1][key] = half
        filled += size
    return shards
