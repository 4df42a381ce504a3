"""What can go wrong, each with a sentence that the person at the screen can act on."""

from __future__ import annotations


class MedsegError(Exception):
    """A failure told in one sentence: what failed, on which file, and what to try.

    Args:
        message: the sentence. What a file's name or text brought into it can neither break the line nor give orders to
            the terminal: blanks of any kind become a space, other signs that do not print a U+FFFD.
        details: more for the curious, shown behind a "details" button or with `--verbose`.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(_one_line(message))
        self.details = details


class InputError(MedsegError):
    """The arguments or the input are unusable; the command line ends with status 2."""


class SourceError(InputError):
    """A video, folder, image or camera cannot be opened or read."""


class WeightsError(InputError):
    """A weights file is damaged, tampered with, of another network or not there."""


class DataError(InputError):
    """A data set folder cannot be used as it is."""


class ProjectError(InputError):
    """A project cannot be used as it is: open elsewhere, damaged, or of a newer version."""


class ShapeError(InputError):
    """Two arrays that must have the same size differ."""


class OutputError(MedsegError):
    """A result could not be written: disk full, no permission, unplugged; the command line ends with status 2."""


class EngineError(MedsegError):
    """A network cannot run in the faster runtime; torch runs it instead."""


class TrainingError(MedsegError):
    """Training had to stop; the last good weights are kept."""


class ExplanationError(MedsegError):
    """An explanation cannot be made, or would not be true; the picture goes on without it."""


class NoRuleError(ExplanationError):
    """The network holds an operation that no relevance rule covers; other methods may still work."""


class NothingPredictedError(ExplanationError):
    """There is nothing to explain where one looks."""


class MemoryFullError(MedsegError):
    """The memory of the computer or of its graphics card is full."""


class DroppedError(ExplanationError):
    """Nobody waits for this any more; no fault, and nothing to be told."""


def memory_full(error: BaseException) -> MemoryFullError | None:
    """The sentence for an error that tells of full memory, in whose words ever; None for any other error."""
    text = str(error).lower()
    # torch's own kind is known by its words: whoever meets it has loaded torch, this module must not.
    if isinstance(error, RuntimeError) and "out of memory" in text:
        whose = "of the graphics card is full; close other programs or choose the CPU"
    elif isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "can't allocate memory" in text):
        whose = "of the computer is full; close other programs or use smaller pictures"
    else:
        return None
    return MemoryFullError(f"The memory {whose}.", repr(error))


def _one_line(message: str) -> str:
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in message)
