"""The program never speaks to a network: every socket of every process is refused, and all works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Python reads sitecustomize.py at each start, so processes that the program starts are watched, too. Sockets within
# the computer (AF_UNIX) stay allowed: loader processes hand pictures over by them.
WATCHMAN = """
import os, socket, sys
NAMES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
INSIDE = getattr(socket, "AF_UNIX", None)

def watch(event, args):
    if event in NAMES or (event == "socket.__new__" and args[1] != INSIDE):
        with open(os.environ["TOLD"], "a", encoding="utf-8") as told:
            told.write(f"{event} {args[1:]}\\n")
        raise PermissionError(f"{event} is forbidden here")

sys.addaudithook(watch)
"""

ALL_COMMANDS = """
import sys
from medseg_gui.cli import run
data, out, home = sys.argv[1:]
weights = "polyp-unet_lite0"
for words in (
    ["phantom", data, "--count", "2"],
    ["predict", data + "/C1/images", "--weights", weights, "-o", out + "/predicted"],
    ["explain", data + "/C1/images", "--weights", weights, "-o", out + "/explained", "--target", "pixel:9,9"],
    ["evaluate", data, "--weights", weights],
    ["weights", "list"],
    ["project", "import", out + "/project", "--from", data, "--format", "png"],
    ["project", "export", out + "/project", "-o", out + "/coco", "--format", "coco"],
    ["doctor", "--selftest"],
):
    status = run(words)
    if status:
        sys.exit(f"{words} ended with {status}")
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """Environment in which every Python process refuses sockets; there is no screen, and the home is not ASCII."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCHMAN, encoding="utf-8")
    passed_on = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")}
    return passed_on | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "watch"), str(ROOT)]),
        "TOLD": str(tmp_path / "told.txt"),
        "MEDSEG_HOME": str(tmp_path / "Zoë 内視鏡"),
        "OMP_NUM_THREADS": "1",
    }


def test_the_watchman_sees_sockets(watched: dict[str, str]) -> None:
    for code in ("import socket; socket.socket()", "import socket; socket.getaddrinfo('example.org', 80)"):
        ended = subprocess.run([sys.executable, "-c", code], env=watched, capture_output=True, text=True, check=False)
        assert "PermissionError" in ended.stderr
    assert len(Path(watched["TOLD"]).read_text(encoding="utf-8").splitlines()) == 2


def test_no_command_opens_a_socket(watched: dict[str, str], tmp_path: Path) -> None:
    """Also the self-test as a whole: it plays in the window and trains in a process of its own."""
    words = [str(tmp_path / name) for name in ("data", "out", "home")]
    ended = subprocess.run(
        [sys.executable, "-c", ALL_COMMANDS, *words], env=watched, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    for step in ("play", "predict", "explain", "correct", "save", "reopen", "train"):
        assert f"{step:28} works" in ended.stdout
    assert not Path(watched["TOLD"]).exists()
    assert json.loads((tmp_path / "out" / "coco" / "annotations.json").read_text(encoding="utf-8"))
    # The self-test had a home of its own; `predict` keeps the network that it converted.
    assert {p.name for p in Path(watched["MEDSEG_HOME"]).iterdir()} <= {"cache"}
