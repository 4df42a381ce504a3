"""Lists the licence of every pinned dependency, and refuses those under which the program cannot be passed on.

python packaging/licence_table.py                    writes docs/licences.md out of what is installed here
python packaging/licence_table.py --check            only looks; ends with status 1 where one is refused
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import licences

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"

FREE, LINKED, VENDOR, REFUSED = "free", "as a library of its own", "vendor's terms", "refused"
# What a licence is called -> how what is under it may be passed on beside the program; the first that fits.
_FAMILIES = {
    r"NVIDIA": VENDOR,
    r"LGPL|Lesser General Public|MPL-2\.0|Mozilla Public License 2": LINKED,
    r"GPL|General Public": REFUSED,
    r"(0|3-Clause )?BSD|MIT|Apache|ISC\b|Zlib|CC0|PSF|Python Software|HPND|BSL-1\.0|Unlicense|NCSA|Unicode": FREE,
}
_RANK = (FREE, LINKED, VENDOR, REFUSED)

# What these say of themselves is nothing, or less than is so.
_TOLD = {
    # Holds no files, only the names of the packages below it.
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",
}
# Libraries under the GPL that some wheel brings, and whose we know of: docs/licences.md says what follows.
GPL_LIBRARIES = re.compile(
    r"(lib)?(x264|x265|xvidcore|fdk-aac|rubberband|vidstab)[^/]*\.(so|dylib|dll)[\d.]*", re.IGNORECASE
)
KNOWN_TO_BRING_GPL = {
    "av": "x264 and x265",
    "opencv-python-headless": "x264 and x265, on macOS alone",
}


def shipping(licence: str) -> str:
    """How what is under a licence may be passed on beside a program under the MIT licence.

    Args:
        licence: an SPDX expression or what else a distribution says; of alternatives (OR) the best counts, of several
            at once (AND, or a comma) the worst.

    Returns:
        One of FREE, LINKED, VENDOR and REFUSED; what nobody knows is refused.
    """
    return _any_of(re.findall(r"\(|\)|,|\bAND\b|\bOR\b|(?:(?!\bAND\b|\bOR\b)[^(),])+", licence.strip()))


def _any_of(tokens: list[str]) -> str:
    found = [_all_of(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        found.append(_all_of(tokens))
    return min(found, key=_RANK.index)


def _all_of(tokens: list[str]) -> str:
    found = [_one(tokens)]
    while tokens and tokens[0] in ("AND", ","):
        tokens.pop(0)
        found.append(_one(tokens))
    return max(found, key=_RANK.index)


def _one(tokens: list[str]) -> str:
    while tokens and not tokens[0].strip():
        tokens.pop(0)
    if not tokens:
        return REFUSED
    word = tokens.pop(0)
    if word == "(":
        inner = _any_of(tokens)
        if tokens:
            tokens.pop(0)
    else:
        inner = next((way for name, way in _FAMILIES.items() if re.search(name, word)), REFUSED)
    while tokens and not tokens[0].strip():
        tokens.pop(0)
    return inner


def licence_of(distribution: metadata.Distribution) -> str:
    """What a distribution says of its licence, or what we know better."""
    return _TOLD.get(distribution.name.lower(), "") or licences.licence_of(distribution)


def gpl_libraries(distribution: metadata.Distribution) -> list[str]:
    """Names of the libraries under the GPL in a distribution's wheel."""
    return sorted({f.name for f in distribution.files or [] if GPL_LIBRARIES.fullmatch(f.name)})


def refusals(distributions: Iterable[metadata.Distribution]) -> Iterator[str]:
    """A sentence for each distribution that must not go into the program."""
    for d in distributions:
        licence = licence_of(d)
        if shipping(licence) == REFUSED:
            yield f"{d.name} {d.version} is under {licence!r}, under which the program cannot be passed on."
        if gpl_libraries(d) and d.name.lower() not in KNOWN_TO_BRING_GPL:
            yield f"{d.name} {d.version} brings {', '.join(gpl_libraries(d))}, which are under the GPL."


def table(distributions: Iterable[metadata.Distribution]) -> str:
    """A line of Markdown for each distribution but the program itself."""
    rows = [
        f"| {d.name} | {d.version} | {_short(licence_of(d))} | {shipping(licence_of(d))} |"
        for d in distributions
        if d.name != licences.PROGRAM
    ]
    return "\n".join(["| library | version | licence | passed on |", "| --- | --- | --- | --- |", *rows])


def _short(licence: str) -> str:
    return licence if len(licence) <= 90 else f"{licence[: licence.rfind(' AND ', 0, 90)]} and others as free"


def main() -> None:
    """Do what the command line says."""
    found = licences.distributions()
    refused = list(refusals(found))
    for sentence in refused:
        print(sentence, file=sys.stderr)
    if refused:
        raise SystemExit(1)
    if "--check" not in sys.argv:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- table -->\n")
        tail = rest.partition("<!-- end of table -->")[2]
        PAGE.write_text(f"{head}<!-- table -->\n{table(found)}\n<!-- end of table -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
