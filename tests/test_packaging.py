"""What goes into the bundle: the licences of everything, and not what nobody needs."""

from __future__ import annotations

import ast
import importlib.util
import re
from email.message import Message
from importlib import metadata
from types import ModuleType, SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """packaging/licence_table.py, which finds its neighbour as a script does."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    return load("licence_table")


def distribution(name: str, licence: str, files: tuple[str, ...] = ()) -> SimpleNamespace:
    """As importlib.metadata would tell of one."""
    about = {"License-Expression": licence}
    return SimpleNamespace(
        name=name, version="1.0", metadata=about, files=[SimpleNamespace(name=f.rpartition("/")[2]) for f in files]
    )


@pytest.mark.parametrize(
    ("licence", "way"),
    [
        ("MIT", "free"),
        ("BSD License", "free"),
        ("Apache-2.0 WITH LLVM-exception", "free"),
        ("(MIT OR GPL-3.0-only) AND BSD-3-Clause", "free"),
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", "as a library of its own"),
        ("GNU Lesser General Public License v3 or later (LGPLv3+)", "as a library of its own"),
        ("MPL-2.0 AND MIT", "as a library of its own"),
        ("LicenseRef-NVIDIA-Proprietary", "vendor's terms"),
        ("GPL-3.0-only", "refused"),
        ("GPL-2.0-or-later", "refused"),
        ("AGPL-3.0-or-later", "refused"),
        ("GNU General Public License v3 (GPLv3)", "refused"),
        ("MIT AND GPL-2.0-only", "refused"),
        ("MIT AND (GPL-2.0-only OR AGPL-3.0-only)", "refused"),
        ("BSD License, GNU General Public License v2 (GPLv2)", "refused"),
        ("SSPL-1.0", "refused"),
        ("CC-BY-NC-4.0", "refused"),
        ("see below", "refused"),
        ("", "refused"),
    ],
)
def test_under_which_licence_what_may_be_passed_on(rules: ModuleType, licence: str, way: str) -> None:
    assert rules.shipping(licence) == way


def test_a_library_under_the_gpl_alone_is_refused(rules: ModuleType) -> None:
    fine, bad = distribution("fine", "MIT"), distribution("bad", "GPL-3.0-only")
    brings = distribution("brings", "MIT", ("brings.libs/libx264-0a1b.so.165", "brings/x264_settings.py"))
    told = list(rules.refusals([fine, bad, brings]))
    assert [sentence.split()[0] for sentence in told] == ["bad", "brings"]
    assert "libx264-0a1b.so.165" in told[1]
    assert "settings" not in told[1]


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ({"License-Expression": "MIT", "Classifier": "License :: OSI Approved :: BSD License"}, "MIT"),
        ({"License": "MIT, see LICENSE", "Classifier": "License :: OSI Approved :: BSD License"}, "BSD License"),
        (
            {"License": "Vendor's own\n\nA long text", "Classifier": "License :: Other/Proprietary License"},
            "Vendor's own",
        ),
        ({"Classifier": "License :: Other/Proprietary License"}, "see below"),
        ({}, "see below"),
    ],
)
def test_what_a_library_says_of_its_licence(lines: dict[str, str], licence: str) -> None:
    about = Message()
    for name, value in lines.items():
        about[name] = value
    assert load("licences").licence_of(SimpleNamespace(metadata=about)) == licence


def test_nothing_that_the_program_needs_is_refused(rules: ModuleType) -> None:
    assert list(rules.refusals(rules.licences.distributions())) == []


def test_what_brings_the_gpl_is_told_by_name(rules: ModuleType) -> None:
    page = rules.PAGE.read_text(encoding="utf-8")
    text = rules.licences.collected()
    assert set(rules.KNOWN_TO_BRING_GPL) == {"av", "opencv-python-headless"}
    for words in ("x264", "x265", "GPL 2.0 or later"):
        assert words in page
        assert words in text


def test_the_page_of_licences_is_of_the_pinned_versions(rules: ModuleType) -> None:
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \| (.+) \|$", rules.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {canonicalize_name(name): (version, way) for name, version, _, way in rows}
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.removesuffix("\\").strip()) for line in lines if re.match(r"[A-Za-z0-9]", line)]
    # The page is of Linux with Python 3.11.
    here = {"python_full_version": "3.11.9", "python_version": "3.11", "sys_platform": "linux"}
    here |= {"platform_machine": "x86_64"}
    wanted = {
        canonicalize_name(p.name): next(iter(p.specifier)).version
        for p in pins
        if p.marker is None or p.marker.evaluate(here)
    }
    assert {name: listed[name][0] for name in wanted if name in listed} == wanted, "run packaging/licence_table.py"
    assert {way for _, way in (listed[name] for name in wanted)} == {rules.FREE, rules.LINKED, rules.VENDOR}


def test_the_bundle_is_not_built_with_what_is_refused() -> None:
    assert "licence_table.refusals(" in (ROOT / "pyinstaller.spec").read_text(encoding="utf-8")


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
