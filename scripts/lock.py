"""Renews the lock files: one exact version of everything, with hashes, for every system and Python from 3.11 on.

    python scripts/lock.py               what pyproject.toml asks for now; all other versions stay
    python scripts/lock.py --upgrade     the newest of everything that pyproject.toml allows
    python scripts/lock.py --cpu         prints what remains to be installed beside torch's CPU build

`requirements.lock` is the program alone, `requirements-dev.lock` adds tests, tools and the bundle. Needs uv
(`pip install uv`) and a package index; which one is uv's own setting and is not written down.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
# torch's CPU build comes from an index of its own, under other hashes, and needs none of CUDA.
_GPU = re.compile(r"(torch|torchvision|triton|nvidia-.*|cuda-.*)==")
_COMMAND = (
    *("uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-package", "medseg-gui", "--quiet"),
    *("--custom-compile-command", "python scripts/lock.py"),
)


def renew(upgrade: bool) -> None:
    """Write both files. Nothing ties the one to the other, so tests/test_lock.py looks that they agree.

    Raises:
        SystemExit: uv is not there, or found no versions that go together.
    """
    if shutil.which("uv") is None:
        raise SystemExit("uv is not installed; `pip install uv` and try again.")
    newest = ["--upgrade"] if upgrade else []
    for words in (
        [*newest, "--output-file", PROGRAM.name],
        [*newest, "--extra", "dev", "--extra", "bundle", "--output-file", DEVELOPMENT.name],
    ):
        ended = subprocess.run([*_COMMAND, *words], cwd=ROOT, check=False)
        if ended.returncode:
            raise SystemExit(ended.returncode)


def entries(lock: Path) -> Iterator[str]:
    """Each requirement of a lock file with its hashes and remarks, as text."""
    yield from re.findall(r"^[A-Za-z0-9][^\n]*\n(?:[ ]+[^\n]*\n)*", lock.read_text(encoding="utf-8"), re.MULTILINE)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    args = parser.parse_args()
    if args.cpu:
        sys.stdout.writelines(entry for entry in entries(PROGRAM) if not _GPU.match(entry))
    else:
        renew(args.upgrade)


if __name__ == "__main__":
    main()
