"""Runs a converted network in ONNX Runtime: pictures in, probabilities out, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from medseg_gui.errors import EngineError
from medseg_gui.types import FloatArray, UInt8Array


class RuntimeSession:
    """One converted network, ready to run. Several threads may use it at once.

    Args:
        model: content of an ONNX file as `conversion.convert` gives it.
        threads: how many work on one picture.

    Attributes:
        name: of the runtime and its version, for people.

    Raises:
        EngineError: ONNX Runtime is not installed, or cannot run this.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        runtime = import_runtime()
        self.name = f"ONNX Runtime {runtime.__version__}"
        try:
            self._session = runtime.InferenceSession(model, _options(runtime, threads), ["CPUExecutionProvider"])
            self.side = int(self._session.get_inputs()[0].shape[1])
        except Exception as e:  # its errors have no common parent
            raise EngineError("ONNX Runtime cannot run the converted network; torch runs it instead.", str(e)) from e

    def predict(self, pictures: Sequence[UInt8Array]) -> list[FloatArray]:
        """Probabilities of pictures, one after the other; arguments and result as of `Segmenter.predict`."""
        return [self.run(shrink(picture, self.side)) for picture in pictures]

    def run(self, small: UInt8Array) -> FloatArray:
        """Probability of one picture that has the network's size.

        Args:
            small: (S, S, 3) uint8 RGB.

        Returns:
            (S, S) float32 in [0, 1].
        """
        try:
            probability: FloatArray = self._session.run(None, {"picture": small[np.newaxis]})[0][0]
        except Exception as e:  # as above
            raise EngineError("ONNX Runtime failed at a picture; choose --engine torch if it stays.", str(e)) from e
        return probability


def shrink(picture: UInt8Array, side: int) -> UInt8Array:
    """(H, W, 3) uint8 RGB stretched to (side, side, 3), as networks see it."""
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def is_installed() -> bool:
    """Whether ONNX Runtime is here, without importing it."""
    return find_spec("onnxruntime") is not None


def import_runtime() -> Any:
    """The module onnxruntime, imported only where a network is about to run in it.

    Raises:
        EngineError: it is not installed, or a library that it needs is missing.
    """
    try:
        import onnxruntime
    except ImportError as e:
        raise EngineError("ONNX Runtime is not installed; torch predicts instead, at about half the speed.") from e
    onnxruntime.disable_telemetry_events()  # the Windows build would otherwise talk to the system's event log
    return onnxruntime


def _options(runtime: Any, threads: int) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait by spinning are a tenth faster, and take the cores that decode and paint where some are left.
    spins = threads >= (os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spins)))
    options.log_severity_level = 4  # what goes wrong comes as an exception, too
    return options
