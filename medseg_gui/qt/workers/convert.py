"""Converts a network for ONNX Runtime while it already predicts, in a process of its own."""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil

from medseg_gui import paths
from medseg_gui.errors import MedsegError

if TYPE_CHECKING:
    from medseg_gui.segmenter import Segmenter

logger = logging.getLogger(__name__)


class Conversion:
    """Runs from the moment it is made; at its end the segmenter is faster, or one logged sentence says why not.

    In this process it would hold the interpreter's lock for hundreds of milliseconds: the picture would stand still.

    Args:
        segmenter: what shall be faster; it goes on predicting meanwhile.
        done: called on this conversion's thread once it is.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, segmenter: Segmenter, done: Callable[[], None]) -> None:
        self._segmenter, self._done = segmenter, done
        self._is_cancelled = False
        self._process = _start(str(segmenter.info.files[0]))
        self._thread = threading.Thread(target=self._wait, name="Conversion")
        self._thread.start()

    def cancel(self) -> None:
        """End it, if it still runs; the cache stays whole."""
        self._is_cancelled = True
        self._process.kill()
        self._thread.join()

    def _wait(self) -> None:
        _, told = self._process.communicate()
        if self._is_cancelled:
            return
        if self._process.returncode != 0:
            last = told.strip().rpartition("\n")[2].removeprefix("medseg: ")
            tell_once(last or "The conversion for ONNX Runtime ended early; torch goes on.")
            return
        try:
            if self._segmenter.use_cached_runtime():
                self._done()
        except MedsegError as e:
            tell_once(str(e))


@functools.cache
def tell_once(sentence: str) -> None:
    """Log why torch predicts, but not again for every network and job."""
    logger.warning("%s", sentence)


def _start(weights: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*paths.own_program(), "weights", "convert", weights],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        psutil.Process(process.pid).nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 5))
    except psutil.Error:
        logger.debug("The conversion runs at its own priority", exc_info=True)
    return process
