"""The start-up figures count from the birth of the process, not from a rounded boot time."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

_TELL_AGE = "from medseg_gui.qt.startup_timing import process_age_s; print(process_age_s())"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system tells the time of birth")
def test_a_process_is_no_older_than_the_time_since_it_was_started() -> None:
    before = time.monotonic()
    told = float(subprocess.check_output([sys.executable, "-c", _TELL_AGE], text=True))
    # The kernel counts the birth in hundredths of a second.
    assert 0 < told <= time.monotonic() - before + 0.011
