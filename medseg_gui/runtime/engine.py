"""From weights to a session that runs: out of the cache, or converted now and kept."""

from __future__ import annotations

import logging

import numpy as np

from medseg_gui.errors import EngineError
from medseg_gui.networks.weights import WeightsInfo
from medseg_gui.runtime import cache
from medseg_gui.runtime.session import RuntimeSession, import_runtime

logger = logging.getLogger(__name__)


def cached_session(info: WeightsInfo, threads: int) -> RuntimeSession | None:
    """A session of weights that were converted before; None when they were not.

    Args:
        info: which weights.
        threads: how many work on one picture.

    Raises:
        EngineError: ONNX Runtime is not installed.
    """
    import_runtime()
    if (model := cache.read(cache.cache_file(info))) is None:
        return None
    try:
        return _tried(RuntimeSession(model, threads))
    except EngineError:
        logger.info("A converted network in the cache does not run; it is made anew", exc_info=True)
        return None


def made_session(info: WeightsInfo, threads: int) -> RuntimeSession:
    """A session of weights, converted now if they never were.

    Args:
        info: which weights.
        threads: how many work on one picture.

    Raises:
        WeightsError: the weights cannot be used.
        EngineError: ONNX Runtime is not installed or cannot run this network.
    """
    if (session := cached_session(info, threads)) is not None:
        return session
    return _tried(RuntimeSession(convert_into_cache(info), threads))


def convert_into_cache(info: WeightsInfo) -> bytes:
    """Convert weights and keep the result; gives the ONNX file's content.

    Raises:
        WeightsError: the weights cannot be used.
        EngineError: ONNX Runtime is not installed or cannot run this network.
    """
    from medseg_gui.runtime.conversion import convert

    model = convert(info)
    try:
        cache.write(cache.cache_file(info), model)
    except OSError as e:
        logger.warning("The converted network cannot be kept (%s); it is made again next time", e.strerror)
    return model


def _tried(session: RuntimeSession) -> RuntimeSession:
    """After a first run, which is slower than those that follow and tells whether it runs at all."""
    session.run(np.zeros((session.side, session.side, 3), np.uint8))
    return session
