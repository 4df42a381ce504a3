"""Open a video file for demuxing and decoding, with limits on what FFmpeg may do with it."""

from __future__ import annotations

from pathlib import Path

import av
import av.error
import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from medseg_gui.errors import SourceError
from medseg_gui.types import MAX_PIXELS

# What FFmpeg raises on damaged or vanished files.
VIDEO_ERRORS = (av.error.FFmpegError, OSError)

# Playlists and FFmpeg's concat scripts are left out, because they are texts that open other files or addresses; so are
# its many ways to take a picture for a video.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,dv,mxf"

_DECODER_OPTIONS = {"max_pixels": str(MAX_PIXELS)}
# "explode": a damaged frame is an error, not a guess at what it might have shown.
STRICT = {"err_detect": "explode"}

# What FFmpeg finds wrong comes to us as errors. Any level but None calls back into Python from decoder threads, which
# deadlocks with a thread that holds the interpreter lock while it waits for the decoder to close.
av.logging.set_level(None)


def open_video(
    path: Path, threads: bool = True, options: dict[str, str] | None = None
) -> tuple[InputContainer, VideoStream]:
    """Open a file and choose its largest video stream; close the container when done.

    Args:
        path: the file.
        threads: decode several frames at once; a decoding error then surfaces some packets late.
        options: more decoder options, as FFmpeg names them.

    Raises:
        SourceError: not there, not a video, no video stream, or frames of more than 100 megapixels.
    """
    limits = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        container = av.open(f"file:{path}", metadata_errors="ignore", options=limits)
    except (*VIDEO_ERRORS, ValueError) as e:
        raise SourceError(
            f"{path.name} is not a video this program can read; try another copy or format.", str(e)
        ) from e
    try:
        stream = _choose_stream(container, path.name)
    except SourceError:
        container.close()
        raise
    decoder = stream.codec_context
    decoder.options = _DECODER_OPTIONS | (options or {})
    if threads:
        stream.thread_type = "AUTO"
    else:
        decoder.thread_count = 1
    return container, stream


def _choose_stream(container: InputContainer, name: str) -> VideoStream:
    stream = max(filter(_is_playable, container.streams.video), key=lambda s: s.width * s.height, default=None)
    if stream is None:
        raise SourceError(f"{name} holds no video; choose another file.")
    if stream.width * stream.height > MAX_PIXELS:
        raise SourceError(f"{name} has more than 100 megapixels a frame; scale it down first.")
    return stream


def _is_playable(stream: VideoStream) -> bool:
    """Whether there is a decoder and a size, and it is not a cover picture, which is a video stream too."""
    is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
    return stream.codec_context is not None and bool(stream.width and stream.height) and not is_cover
