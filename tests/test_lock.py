"""The lock files agree with pyproject.toml: all that is asked for is in them, in an allowed version, with hashes."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections import defaultdict
from importlib import metadata
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROGRAM, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
if not (ROOT / PROGRAM).is_file():
    pytest.skip("the lock files are not in this distribution", allow_module_level=True)


def pins_of(name: str) -> dict[str, list[Requirement]]:
    """Distribution -> its pins; several where systems or Pythons differ."""
    pins: dict[str, list[Requirement]] = defaultdict(list)
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\").strip())
            pins[canonicalize_name(requirement.name)].append(requirement)
    return pins


PINS = {name: pins_of(name) for name in (PROGRAM, DEVELOPMENT)}
ASKED = [(PROGRAM, text) for text in PROJECT["dependencies"]] + [
    (DEVELOPMENT, text)
    for text in [*PROJECT["dependencies"], *EXTRAS["test"], *EXTRAS["dev"], *EXTRAS["bundle"]]
    if not text.startswith("medseg_gui[")
]


def version_of(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return specifier.version


@pytest.mark.parametrize(("lock", "text"), ASKED)
def test_what_is_asked_for_is_pinned_within_its_range(lock: str, text: str) -> None:
    wanted = Requirement(text)
    pins = PINS[lock].get(canonicalize_name(wanted.name), [])
    assert pins, "run scripts/lock.py"
    for pin in pins:
        assert wanted.specifier.contains(version_of(pin)), "run scripts/lock.py"


@pytest.mark.parametrize("lock", [PROGRAM, DEVELOPMENT])
def test_all_that_a_pinned_version_needs_is_pinned_too(lock: str) -> None:
    """Told by what is installed here, as far as it is of the pinned version."""
    looked_at = 0
    for name, pins in PINS[lock].items():
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if distribution.version not in map(version_of, pins):
            continue
        looked_at += 1
        for needed in map(Requirement, distribution.requires or []):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                found = [version_of(p) for p in PINS[lock].get(canonicalize_name(needed.name), []) if applies(p)]
                assert found, f"{name} needs {needed}"
                assert needed.specifier.contains(found[0], prereleases=True), f"{name} needs {needed}"
    assert looked_at, "nothing here is of a pinned version: pip install --require-hashes -r requirements-dev.lock"


def applies(pin: Requirement) -> bool:
    return pin.marker is None or pin.marker.evaluate()


def test_both_files_pin_the_same_versions() -> None:
    for name, pins in PINS[PROGRAM].items():
        assert {str(p) for p in pins} == {str(p) for p in PINS[DEVELOPMENT][name]}


@pytest.mark.parametrize("lock", [PROGRAM, DEVELOPMENT])
def test_every_pin_has_hashes_and_no_place_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = list(script().entries(ROOT / lock))
    assert len(entries) == sum(map(len, PINS[lock].values()))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry) for entry in entries)
    assert not re.search(r"://|--(extra-)?index-url|--find-links|@ ", text)


def test_beside_the_cpu_build_of_torch_nothing_of_cuda_is_installed() -> None:
    lock = script()
    kept = [entry for entry in lock.entries(ROOT / PROGRAM) if not lock._GPU.match(entry)]
    names = {entry.partition("==")[0] for entry in kept}
    assert not {n for n in names if n.startswith(("torch", "nvidia", "cuda", "triton"))}
    assert {"numpy", "av", "pyside6-essentials", "sympy", "timm"} <= names


def script() -> ModuleType:
    """scripts/lock.py, which is no package."""
    spec = importlib.util.spec_from_file_location("lock_script", ROOT / "scripts" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
