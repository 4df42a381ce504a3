"""The command line: words in, exit status out. What a command does lives in `commands/`, one file each."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from medseg_gui import __version__
from medseg_gui.allocator import keep_freed_memory
from medseg_gui.commands import COMMANDS
from medseg_gui.errors import InputError, MedsegError, OutputError, memory_full

_WINDOW = "window"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, not in a page of usage."""

    def error(self, message: str) -> Any:
        self.exit(2, f"medseg: {message}; see `{self.prog} --help`.\n")


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what follows `medseg`.

    Returns:
        0 done; 2 the arguments, the input or the place for the results are unusable; 1 anything else.
    """
    keep_freed_memory()
    args = build_parser().parse_args(_name_the_window(arguments))
    logging.basicConfig(level=logging.INFO if args.verbose else logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        result = args.run(args)
    except MedsegError as e:
        return _explain(e, args)
    except (MemoryError, RuntimeError) as e:
        if (full := memory_full(e)) is None:
            raise
        return _explain(full, args)
    except KeyboardInterrupt:
        print("medseg: stopped.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read us has had enough (`medseg … | head`). Nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(result, dict) and args.json:
        print(json.dumps(result, indent=2, default=str))
    return result if isinstance(result, int) else 0


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(prog="medseg", description="Segmentation of polyps and instruments in colonoscopy.")
    parser.add_argument("--version", action="version", version=f"medseg {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        summary = (command.__doc__ or "").strip().splitlines()[0]
        sub = commands.add_parser(name, help=summary, description=summary)
        command.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one machine-readable object and nothing else")
        sub.add_argument("--verbose", action="store_true", help="say more about what happens and what went wrong")
        sub.set_defaults(run=command.run)
    return parser


def _name_the_window(arguments: Sequence[str]) -> list[str]:
    """`medseg` and `medseg SOURCE` open the window."""
    words = list(arguments)
    if words and (words[0] in COMMANDS or words[0] in ("-h", "--help", "--version")):
        return words
    return [_WINDOW, *words]


def _explain(error: MedsegError, args: argparse.Namespace) -> int:
    print(f"medseg: {error}", file=sys.stderr)
    if args.verbose and error.details:
        print(error.details, file=sys.stderr)
    return 2 if isinstance(error, InputError | OutputError) else 1
