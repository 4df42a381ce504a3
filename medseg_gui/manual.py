"""The user guide in `resources/manual`: its pages, and where its links lead. Reading is for a worker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from medseg_gui.types import UInt8Array

# Page -> its title, in the order of reading. A page is the Markdown file of that name.
PAGES = {
    "index": "First steps",
    "endoscopist": "Watch a recording",
    "annotator": "Correct masks",
    "training": "Improve the weights",
    "researcher": "Use the command line",
}
FIRST = "index"


@dataclass(frozen=True, eq=False)
class ManualPage:
    """One page.

    Attributes:
        name: key of PAGES.
        text: Markdown; links lead to other pages ("annotator.md") or to a heading ("annotator.md#begin").
        pictures: file name in the text -> (H, W, 3) uint8 RGB, read-only.
    """

    name: str
    text: str
    pictures: dict[str, UInt8Array] = field(default_factory=dict)


def pictures_in(text: str) -> list[str]:
    """The files of the pictures in a page's text."""
    return re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text)


def page_of(link: str) -> tuple[str, str]:
    """Where a link leads: (key of PAGES, heading), the heading "" for the top; ("", "") when it leaves the guide.

    Args:
        link: as it stands in a page: "annotator.md#begin".
    """
    file, _, heading = link.partition("#")
    name = file.removesuffix(".md")
    return (name, heading) if file.endswith(".md") and name in PAGES else ("", "")


def anchor_of(heading: str) -> str:
    """By which name a link finds a heading, as other readers of Markdown make it: "Two readers" -> "two-readers"."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
