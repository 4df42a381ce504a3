"""Figures of explanations as people read them."""

from __future__ import annotations

import pytest

from medseg_gui.qt.relevance_words import percent_text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.817, "82 %"), (0.004, "0.4 %"), (0.0994, "9.9 %"), (-0.049, "−4.9 %"), (-0.0002, "0.0 %"), (-1.35, "−135 %")],
)
def test_shares_have_one_decimal_when_small_and_a_sign_when_below_zero(share: float, text: str) -> None:
    assert percent_text(share) == text
