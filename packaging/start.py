"""Where the bundled program begins: for the window, a command and a training process alike."""

import multiprocessing
import sys

from medseg_gui.__main__ import main

if __name__ == "__main__":
    # A library that starts a helper process starts this program again; here it becomes that helper.
    multiprocessing.freeze_support()
    sys.exit(main())
