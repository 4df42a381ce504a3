"""Pages of a case report say why, by the network that proposed the mask."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_gui import paths
from medseg_gui.case_explanations import METHODS, CaseExplainer
from medseg_gui.errors import InputError, WeightsError
from medseg_gui.media import open_source
from medseg_gui.project.records import FrameKey, FrameRecord
from medseg_gui.types import UInt8Array

WEIGHTS = "polyp-unet_lite0"
WITH_POLYP = 100  # of the demo


@pytest.fixture(scope="module")
def rgb() -> UInt8Array:
    """A frame of the demo that shows a polyp."""
    with open_source(paths.demo_clip()) as demo:
        return demo.read(WITH_POLYP).rgb


def record_by(weights: str) -> FrameRecord:
    return FrameRecord(FrameKey("demo", WITH_POLYP, 4.0), "", (720, 1280), "corrected", "", "", weights, "", "")


@pytest.mark.parametrize("method", METHODS)
def test_the_network_that_proposed_the_mask_explains_it(method: str, rgb: UInt8Array) -> None:
    explanation = CaseExplainer(method)(record_by(f"{WEIGHTS}@00000000"), rgb)
    assert explanation is not None
    assert explanation.picture.shape == rgb.shape
    assert (explanation.picture != rgb).any()
    assert explanation.caption.startswith(f"{method}, {WEIGHTS}@")
    assert "inside the mask" in explanation.caption


@pytest.mark.parametrize("weights", ["", "polyp-of-last-year@12345678"])
def test_a_mask_without_a_network_that_is_here_has_no_explanation(weights: str, rgb: UInt8Array) -> None:
    assert CaseExplainer("lrp")(record_by(weights), rgb) is None


def test_where_nothing_is_marked_there_is_nothing_to_explain(rgb: UInt8Array) -> None:
    assert CaseExplainer("lrp")(record_by(WEIGHTS), np.zeros_like(rgb)) is None


def test_what_was_asked_for_and_is_not_there_is_told(rgb: UInt8Array) -> None:
    with pytest.raises(InputError, match="no explanation why"):
        CaseExplainer("why")
    with pytest.raises(WeightsError):
        CaseExplainer("lrp", "polyp-of-last-year")(record_by(""), rgb)
