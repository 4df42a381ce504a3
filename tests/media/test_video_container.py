"""What FFmpeg may do in this process."""

from __future__ import annotations

import subprocess
import sys


def test_decoder_threads_never_call_into_python() -> None:
    """Not even after the libraries that networks bring: torchvision had them log in Python until 0.25.

    A decoder that closes while one of its threads does so waits for good, because closing holds the interpreter lock.
    """
    code = (
        "import medseg_gui.media.video_container, av.logging, segmentation_models_pytorch, timm, torchvision.io;"
        "sys.exit(av.logging.get_level() is not None)"
    )
    assert subprocess.run([sys.executable, "-c", f"import sys; {code}"], check=False).returncode == 0
