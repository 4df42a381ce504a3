"""Every failure is one sentence on one line, whatever a file put into it."""

from __future__ import annotations

import pytest

from medseg_gui.errors import InputError


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\x0b", "\x1c", "\x1e", "\x85", "\u2028"])
def test_a_name_out_of_a_file_breaks_no_line(sign: str) -> None:
    message = str(InputError(f"a.json marks “x{sign}y”; rename it."))
    assert message.split() == ["a.json", "marks", "“x", "y”;", "rename", "it."]
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("sign", ["\x1b[2J", "\x07", "\u202e", "\udcff"])
def test_a_name_out_of_a_file_gives_the_terminal_no_orders(sign: str) -> None:
    message = str(InputError(f"a.json marks “x{sign}”; rename it."))
    assert message.isprintable()
    assert message.startswith("a.json marks “x\N{REPLACEMENT CHARACTER}")


def test_other_letters_stay() -> None:
    message = "Müller's café 日本 — “ü” × 2²"
    assert str(InputError(message)) == message
