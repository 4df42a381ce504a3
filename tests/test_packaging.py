"""What goes into the bundle: the licences of everything, and not what nobody needs."""

from __future__ import annotations

import ast
import importlib.util
from importlib import metadata
from types import ModuleType

import pytest

from tests.conftest import ROOT

if not (ROOT / "packaging").is_dir():
    pytest.skip("packaging/ is not in this distribution", allow_module_level=True)


def load(name: str) -> ModuleType:
    """A file of packaging/, whose folder is no package: its name is that of a library."""
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", ROOT / "packaging" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_library_that_the_program_needs_is_listed_with_its_licence() -> None:
    licences = load("licences")
    names = {d.name.lower() for d in licences.distributions()}
    assert {"torch", "numpy", "pyside6_essentials", "av", "safetensors", "sympy"} <= names
    assert not {"pytest", "zennit", "mypy"} & names, "what only developers need is not in the bundle"
    text = licences.collected()
    for distribution in licences.distributions():
        assert f"\n{distribution.name} {distribution.version}: " in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in text.upper()


@pytest.mark.parametrize(
    ("place", "flavours"),
    [
        ("torch/lib/libtorch_cpu.so", {"full", "cpu"}),
        ("torch/lib/libtorch_cuda.so", {"full", "cpu"}),
        ("torch/bin/torch_shm_manager", {"full", "cpu"}),
        ("torch/bin/protoc-3.21", set()),
        ("torch\\include\\ATen\\a.h", set()),
        ("nvidia/cudnn/lib/libcudnn.so.9", {"full", "cpu"}),
        ("nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9", {"full"}),
        ("nvidia/cu13/lib/libcusolver.so.12", {"full"}),
        ("models/polyp-unet_lite0.safetensors", {"full", "cpu"}),
        ("PySide6/Qt/translations/qt_de.qm", set()),
    ],
)
def test_what_a_flavour_holds(place: str, flavours: set[str]) -> None:
    flavour = load("flavour")
    assert {f for f in flavour.FLAVOURS if not flavour.is_left_out(place, f)} == flavours


def test_the_bundle_carries_the_versions_that_doctor_tells() -> None:
    from medseg_gui.commands import doctor

    spec = (ROOT / "pyinstaller.spec").read_text(encoding="utf-8")
    (carried,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(spec).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "METADATA"
    ]
    assert set(doctor._LIBRARIES) <= set(carried)
    assert all(metadata.version(name) for name in carried)
