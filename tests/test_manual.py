"""The user guide: every page and picture is there, every link leads somewhere, every command line in it is one."""

from __future__ import annotations

import re
import shlex

import pytest

from medseg_gui import paths
from medseg_gui.cli import _name_the_window, build_parser
from medseg_gui.errors import MedsegError
from medseg_gui.manual import PAGES, anchor_of, page_of
from medseg_gui.qt.workers.manual import read_page

FOLDER = paths.resources_dir() / "manual"
TEXTS = {name: (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in PAGES}
PROSE = {name: re.sub(r"```.*?```", "", text, flags=re.DOTALL) for name, text in TEXTS.items()}
SPANS = [(name, span) for name, text in PROSE.items() for span in re.findall(r"`([^`]+)`", text)]
FENCED = [
    (name, line)
    for name, text in TEXTS.items()
    for block in re.findall(r"```\n(.*?)```", text, flags=re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = [line for _, line in FENCED] + [span for _, span in SPANS if span.startswith("medseg")]
LINKS = [(name, link) for name, text in PROSE.items() for link in re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", text)]


def test_every_file_belongs_to_the_guide_and_none_is_missing() -> None:
    pictures = {file for text in TEXTS.values() for file in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)}
    assert {p.name for p in FOLDER.iterdir()} == {f"{name}.md" for name in PAGES} | pictures


@pytest.mark.parametrize("name", PAGES)
def test_a_page_bears_its_title_and_has_a_picture(name: str) -> None:
    page = read_page(name)
    assert page.text.startswith(f"# {PAGES[name]}\n")
    assert page.pictures
    assert all(p.shape[2] == 3 and not p.flags.writeable for p in page.pictures.values())


def test_the_guide_is_small() -> None:
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) < 1_500_000


def test_the_first_page_and_those_of_the_two_who_show_results_say_what_this_is_not() -> None:
    for name in ("index", "endoscopist", "researcher"):
        assert re.search(r"for research|research software", TEXTS[name], re.IGNORECASE)
    assert "Not a medical device" in TEXTS["index"]


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_a_link_leads_to_a_page_and_to_a_heading_that_is_there(name: str, link: str) -> None:
    page, heading = page_of(link)
    assert page
    headings = re.findall(r"^#+ (.+)$", TEXTS[page], flags=re.MULTILINE)
    assert not heading or heading in map(anchor_of, headings)


def test_every_page_can_be_reached_from_the_first() -> None:
    assert {page_of(link)[0] for name, link in LINKS if name == "index"} == set(PAGES) - {"index"}


def test_no_word_looks_like_an_address() -> None:
    assert not [name for name, text in TEXTS.items() if re.search(r"https?:|www\.|<[a-z]", text)]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_line_is_understood(line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "medseg"
    if words[-1] == "--help":
        with pytest.raises(SystemExit, match="0"):
            build_parser().parse_args(words[1:])
    else:
        args = build_parser().parse_args(_name_the_window(words[1:]))
        assert args.command != "window", "a word that is no command is taken for a file to be opened"


def test_an_option_that_is_named_is_one() -> None:
    known = " ".join(_help_of_all())
    named = {span for _, span in SPANS if span.startswith("--")}
    assert named
    assert {option for option in named if option not in known} == set()


def _help_of_all() -> list[str]:
    commands = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr, index]
    return [parser.format_help() for parser in commands.values()]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("annotator.md", ("annotator", "")),
        ("annotator.md#begin", ("annotator", "begin")),
        ("https://example.org/annotator.md", ("", "")),
        ("file:///etc/passwd", ("", "")),
        ("../../secret.md", ("", "")),
        ("annotator", ("", "")),
        ("", ("", "")),
    ],
)
def test_only_links_within_the_guide_lead_anywhere(link: str, place: tuple[str, str]) -> None:
    assert page_of(link) == place


def test_a_heading_is_found_by_the_name_that_other_readers_give_it() -> None:
    assert anchor_of("Better or worse?") == "better-or-worse"
    assert anchor_of("Accept it, or mend it") == "accept-it-or-mend-it"


def test_a_guide_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(paths, "resources_dir", lambda: tmp_path)
    with pytest.raises(MedsegError, match="install the program again"):
        read_page("index")
