"""`medseg` and `python -m medseg_gui`."""

from __future__ import annotations

import sys

from medseg_gui.cli import run


def main() -> int:
    """Run the command line, or the window when there is no command."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
