"""Collects the licences of everything inside the bundle into one file.

python packaging/licences.py licences.txt
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROGRAM = "medseg_gui"
_IS_LICENCE = re.compile(r"(licen[cs]e|copying|notice|copyright|eula|authors)", re.IGNORECASE)
_RULE = "=" * 100

# Of libraries that came without the text of their licence.
_TEXTS = Path(__file__).parent / "licence_texts"

_OTHERS = """Python {python} is under the PSF Licence; its text stands below.

PyInstaller's bootloader starts this program. It is under the GPL 2.0 or later with an exception that lets programs of
any licence be bundled with it.

Qt and PySide6 are under the LGPL 3.0. They lie in this folder as libraries of their own (PySide6/) and may be exchanged
for others of the same interface. Their source is at https://code.qt.io.

FFmpeg, which reads and writes video, is under the LGPL 2.1 or later. It and the libraries that it uses lie in
av.libs/ and cv2/ or opencv_python_headless.libs/. PyAV's is linked with x264 and x265, which are under the GPL 2.0 or
later: whoever passes this folder on does so under the GPL 3.0. Their source is at https://ffmpeg.org,
https://code.videolan.org and https://bitbucket.org/multicoreware, the build recipes at https://github.com/PyAV-Org and
https://github.com/opencv.

CUDA, where it is in this folder, is under NVIDIA's own terms, which do not go together with the GPL: such a folder is
not to be passed on.

The weights in models/ have terms of their own, told in the model card beside each.
"""


def distributions(root: str = PROGRAM) -> list[metadata.Distribution]:
    """A distribution and all that it needs here, in alphabetical order."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [Requirement(root)]
    seen = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # left out on purpose, as the CUDA libraries of a CPU build
        waiting += _needs(found[name], extras)
    return [found[name] for name in sorted(found)]


def licence_of(distribution: metadata.Distribution) -> str:
    """What a distribution says of its licence, in a word or two."""
    about = distribution.metadata
    if expression := about.get("License-Expression"):
        return expression
    # "Other" names no licence; the line beside it often does.
    listed = [c for c in about.get_all("Classifier") or [] if c.startswith("License") and "Other/" not in c]
    classifiers = [c.rpartition(" :: ")[2] for c in listed]
    first_line = (about.get("License") or "").strip().partition("\n")[0]
    return ", ".join(classifiers) or first_line or "see below"


def texts_of(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """(name, text) of each licence file that a distribution brought with it."""
    for file in distribution.files or []:
        path = Path(str(distribution.locate_file(file)))
        is_code = path.suffix in (".py", ".pyi", ".pyc", ".so", ".pyd", ".h")
        if _IS_LICENCE.search(path.name) and not is_code and path.is_file():
            yield path.name, path.read_text(encoding="utf-8", errors="replace").strip()


def collected() -> str:
    """The whole text: a list, then every licence."""
    inside = distributions()
    rows = [f"{d.name} {d.version}: {licence_of(d)}" for d in inside]
    parts = ["What this folder holds, and under which terms.", "\n".join(rows), _OTHERS.format(python=_python())]
    parts += [f"{_RULE}\nPython {_python()}\n{_RULE}\n{_python_licence()}"]
    parts += [
        f"{_RULE}\n{d.name} {d.version}: {licence_of(d)} · {name}\n{_RULE}\n{text}"
        for d in inside
        for name, text in texts_of(d)
    ]
    parts += [f"{_RULE}\n{p.stem}\n{_RULE}\n{p.read_text(encoding='utf-8')}" for p in sorted(_TEXTS.glob("*.txt"))]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the file that is named on the command line."""
    Path(sys.argv[1]).write_text(collected(), encoding="utf-8")


def _needs(distribution: metadata.Distribution, extras: frozenset[str]) -> list[Requirement]:
    wanted = [Requirement(text) for text in distribution.requires or []]
    return [r for r in wanted if r.marker is None or any(r.marker.evaluate({"extra": e}) for e in {"", *extras})]


def _python() -> str:
    return sys.version.partition(" ")[0]


def _python_licence() -> str:
    places = [Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"]
    found = [p for p in places if p.is_file()]
    return found[0].read_text(encoding="utf-8") if found else "https://docs.python.org/3/license.html"


if __name__ == "__main__":
    main()
