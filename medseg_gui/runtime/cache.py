"""Converted networks on disk, so that each is converted once; whatever is damaged or outdated counts as not there."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from importlib import metadata
from pathlib import Path

from medseg_gui import paths
from medseg_gui.networks.weights import WeightsInfo, file_sha256

logger = logging.getLogger(__name__)

FORMAT = 2  # to be raised when the same weights shall be converted differently
_MOST_FILES = 12  # of the largest network that is 2.6 GB
_DIGEST_BYTES = hashlib.sha256().digest_size


def cache_file(info: WeightsInfo) -> Path:
    """Where the converted network of these weights lies, or would lie."""
    made_of = [file_sha256(f) for f in info.files]
    made_of += [info.network, str(info.input_size), str(FORMAT), _version("onnxruntime")]
    key = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:24]
    return paths.user_cache_dir() / "networks" / f"{info.network}-{key}.onnx"


def read(path: Path) -> bytes | None:
    """A converted network; None when it is not there or not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, model = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(model).digest() != digest:
        logger.info("A converted network in the cache is damaged; it is made anew")
        return None
    _mark_used(path)
    return model


def write(path: Path, model: bytes) -> None:
    """Keep a converted network, in one step; those that were not used for longest go.

    Raises:
        OSError: disk full, no permission.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: two programs may convert the same weights at once.
    handle, partial = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(model).digest())
            file.write(model)
        os.replace(partial, path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
    _forget_oldest(path.parent)


def _forget_oldest(folder: Path) -> None:
    by_use = sorted(folder.glob("*.onnx"), key=lambda f: f.stat().st_mtime, reverse=True)
    for file in by_use[_MOST_FILES:]:
        file.unlink(missing_ok=True)


def _mark_used(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        logger.debug("The cache cannot note that a network was used", exc_info=True)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
