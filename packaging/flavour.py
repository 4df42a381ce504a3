"""What the bundle leaves out, and what Windows is told about it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

FLAVOURS = ("full", "cpu")

# For people who compile against torch or test it.
_DEVELOPMENT = ("torch/include/*", "torch/share/*", "torch/bin/protoc*", "torch/testing/_internal/*", "torch/lib/*.a")
_TRANSLATIONS = ("PySide6/Qt/translations/*", "PySide6/translations/*")

# What torch's CUDA build loads when it first meets a GPU. The rest of CUDA must stay: torch's own libraries are linked
# against it and cannot be loaded without, GPU or not. A small program needs torch's CPU build, which has none of it.
_GPU_ONLY = (
    *("libcudnn_*", "libcufftw.*", "libcufile_rdma.*", "libcusolver*", "libnvblas.*", "libnvperf_*"),
    *("libnvrtc-builtins.*", "libnvtx3interop.*", "libpcsamplingutil.*", "libcheckpoint.*"),
    *("libtorch_cuda_linalg.*", "nvshmem_*", "cuda/*"),
)


def is_left_out(place: str, flavour: str) -> bool:
    """Whether a file is not to be in the bundle.

    Args:
        place: path in the bundle, with the separators of the system.
        flavour: one of FLAVOURS.
    """
    path = PurePosixPath(place.replace("\\", "/"))
    patterns = (*_DEVELOPMENT, *_TRANSLATIONS, *(_GPU_ONLY if flavour == "cpu" else ()))
    return any(_is_below(path, pattern) for pattern in patterns)


def version_info(version: str) -> Any:
    """What Windows shows under "Details" of medseg.exe; to be called on Windows only."""
    from PyInstaller.utils.win32 import versioninfo as v

    numbers = (*(int(n) for n in version.split(".")[:3]), 0)
    about = {
        "CompanyName": "The medseg_gui authors",
        "FileDescription": "Segmentation of polyps and instruments in colonoscopy; research software",
        "FileVersion": version,
        "InternalName": "medseg",
        "LegalCopyright": "MIT licence; see LICENCES.txt",
        "OriginalFilename": "medseg.exe",
        "ProductName": "medseg",
        "ProductVersion": version,
    }
    return v.VSVersionInfo(
        ffi=v.FixedFileInfo(filevers=numbers, prodvers=numbers),
        kids=[
            v.StringFileInfo([v.StringTable("040904B0", [v.StringStruct(k, text) for k, text in about.items()])]),
            v.VarFileInfo([v.VarStruct("Translation", [0x0409, 1200])]),
        ],
    )


def _is_below(path: PurePosixPath, pattern: str) -> bool:
    if pattern.endswith("/*"):
        return path.is_relative_to(pattern[:-2])
    return path.match(pattern)
