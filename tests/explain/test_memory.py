"""A pass is let go of when nobody looks at it any more: 200 MB each would fill any computer within a minute."""

from __future__ import annotations

import gc
import weakref

import pytest

from medseg_gui.explain.lrp import LrpPass
from medseg_gui.explain.rules import RULES
from tests.explain.conftest import Case


@pytest.mark.parametrize("rule", list(RULES))
def test_a_pass_leaves_nothing_behind(case: Case, rule: str) -> None:
    run = LrpPass(case.explained, case.x, rule)
    run.explain(case.start)
    left = weakref.ref(run._mode)  # holds the blocks, and with them every value of the pass
    del run
    gc.collect()
    assert left() is None
