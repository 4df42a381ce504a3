"""The registry's networks with an eighth of their channels or a fraction of their layers, so that tests are quick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from segmentation_models_pytorch.encoders import encoders

from medseg_gui.networks import gan, sdnet, unet

SIZES = {"gan": 256}


def size_of(name: str) -> int:
    """Side of the smallest picture that a network works on well, pixels."""
    return SIZES.get(name, 64)


@contextmanager
def small_networks() -> Iterator[None]:
    """Within it, `build_network` gives the same layers in the same order, but few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan, "_ENCODER", tuple(c // 8 for c in gan._ENCODER))
        patch.setattr(gan, "_DECODER", (*(c // 8 for c in gan._DECODER[:-1]), 1))
        patch.setattr(unet, "_CHANNELS", tuple(c // 8 for c in unet._CHANNELS))
        patch.setattr(sdnet, "_CHANNELS", tuple(c // 8 for c in sdnet._CHANNELS))
        patch.setitem(encoders["resnet101"]["params"], "layers", [1, 1, 1, 1])
        yield
