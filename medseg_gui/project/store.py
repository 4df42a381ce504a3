"""A project: one folder with all that a person made of some sources. The one thing that writes to it.

Not thread-safe: one thread opens, uses and closes a project. What it gives are frozen records.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from medseg_gui.errors import DataError, OutputError, ProjectError
from medseg_gui.media.source import Source
from medseg_gui.project import masks, queries, sources
from medseg_gui.project.backup import back_up, last_good_backup
from medseg_gui.project.database import DATABASE_NAME, DamagedProjectError, Database
from medseg_gui.project.lock import LOCK_NAME, ProjectLock
from medseg_gui.project.pen import Pen, summary
from medseg_gui.project.records import (
    CORRECTED,
    STATES,
    AuditEntry,
    FrameFilter,
    FrameKey,
    FrameRecord,
    Lesion,
    SourceRecord,
)
from medseg_gui.project.sources import SourceLike

logger = logging.getLogger(__name__)

EVERYTHING = FrameFilter()


class Project:
    """An open project.

    Args:
        folder: the project folder.
        author: who works on it; written beside every change.
        reader: 1, or 2 for a second reader, who has masks and states of their own and does not see the first's.

    Raises:
        ProjectError: not a project, open elsewhere, or of a newer version.
        DamagedProjectError: its database is damaged; the error names the last good backup.
        OutputError: it cannot be written to.
    """

    def __init__(self, folder: Path, author: str = "", reader: int = 1) -> None:
        self.folder, self.author, self.reader = folder, author, reader
        if not (folder / DATABASE_NAME).is_file():
            raise ProjectError(f"{folder.name or folder} is not a project; choose a folder that holds {DATABASE_NAME}.")
        self._lock = ProjectLock(folder)
        try:
            self._database = Database(folder / DATABASE_NAME)
        except DamagedProjectError as e:
            self._lock.release()
            raise _with_backup(e, folder) from e
        except Exception:
            self._lock.release()
            raise
        self._changed = False

    @classmethod
    def create(cls, folder: Path, author: str = "", reader: int = 1) -> Self:
        """Make a new project in a new or empty folder, and open it.

        Raises:
            ProjectError: the folder holds something else.
            OutputError: it cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(f.name != LOCK_NAME for f in folder.iterdir()):
                raise ProjectError(f"{folder.name} already holds other files; choose a new or empty folder.")
        except OSError as e:
            raise OutputError(f"{folder.name} cannot be made ({e.strerror}); choose another folder.") from e
        Database.create(folder / DATABASE_NAME)
        return cls(folder, author, reader)

    def close(self) -> None:
        """Back up what was changed, and let others open the project; twice does no harm."""
        if self._changed:
            try:
                self.back_up()
            except (OutputError, ProjectError) as e:
                logger.warning("No backup was made: %s", e)
        self._database.close()
        self._lock.release()

    def reconnect(self) -> bool:
        """Open the files again after the drive was away.

        Returns:
            whether they were opened anew; False when the open ones are still the right ones.

        Raises:
            ProjectError, OutputError: as at opening; the project stays as it was.
        """
        if self._database.is_there():
            return False
        self._lock.release()
        self._lock = ProjectLock(self.folder)
        self._database.reconnect()
        return True

    def back_up(self) -> Path:
        """Write a checked backup; see `backup.back_up`."""
        path = back_up(self._database)
        self._changed = False
        return path

    def copy_database(self, path: Path) -> None:
        """Write the database as it stands to another file.

        Raises:
            OutputError: it cannot be written.
        """
        self._database.copy_to(path)

    # Sources -----------------------------------------------------------------------------------------------------

    def add_source(self, source: SourceLike, centre: str = "") -> SourceRecord:
        """Make a source known, or where it lies now if it is known already.

        Args:
            source: open, or what is known of it; a camera cannot be annotated.
            centre: hospital or data set; empty keeps what is known.

        Raises:
            DataError: it is a camera.
        """
        record = sources.record_of(source, self.folder, centre)
        with self._writing() as pen:
            sources.add(pen.connection, record)
            pen.note("add source", None, f"{source.source_id}: {source.frame_count} frames")
        return self.source(record.hash)

    def sources(self) -> list[SourceRecord]:
        """All sources, in the order in which they were added."""
        return [SourceRecord(*row) for row in self._database.rows(sources.ALL)]

    def source(self, source_hash: str) -> SourceRecord:
        """One source.

        Raises:
            DataError: the project does not know it.
        """
        found = [s for s in self.sources() if s.hash == source_hash]
        if not found:
            raise DataError("The project does not know this source; add it first.")
        return found[0]

    def open_source(self, source_hash: str) -> Source:
        """Open a source for reading, after a look that its content is still what was annotated.

        Raises:
            SourceError: it is not where it was, or was changed.
            DataError: the project does not know it.
        """
        return sources.open_checked(self.source(source_hash), self.folder)

    def missing_sources(self) -> list[SourceRecord]:
        """Sources that are not where they were last seen."""
        return [s for s in self.sources() if not sources.place_of(s, self.folder).exists()]

    def relocate(self, search: Path) -> list[SourceRecord]:
        """Look in a folder, and below it, for missing sources by their content, and remember where they lie now.

        Returns:
            the sources that were found.
        """
        found = sources.find(self.missing_sources(), search, self.folder)
        self.place_sources(found)
        return found

    def place_sources(self, records: Sequence[SourceRecord]) -> None:
        """Remember where known sources lie now."""
        with self._writing() as pen:
            for record in records:
                sources.add(pen.connection, record)
                pen.note("relocate source", None, record.hash)

    def set_centre(self, source_hashes: Sequence[str], centre: str) -> None:
        """Say which hospital or data set sources come from; an empty name forgets it."""
        with self._writing() as pen:
            for source_hash in source_hashes:
                pen.connection.execute("UPDATE source SET centre = ? WHERE hash = ?", (centre, source_hash))
                pen.note("set centre", None, f"{source_hash}: {centre}")

    def path_of(self, record: SourceRecord) -> Path:
        """Where a source should lie."""
        return sources.place_of(record, self.folder)

    # Frames ------------------------------------------------------------------------------------------------------

    def add_frames(self, keys: Sequence[FrameKey], size: tuple[int, int], names: Sequence[str] = ()) -> None:
        """Put frames on the list of what is to do; those that are there stay as they are.

        Args:
            keys: which frames.
            size: (height, width) of all of them.
            names: file name of each, none for video.

        Raises:
            DataError: the project does not know the source.
        """
        with self._writing() as pen:
            for key, name in zip(keys, names or [""] * len(keys), strict=True):
                pen.frame_id(key, size, name)

    def frame(self, key: FrameKey) -> FrameRecord | None:
        """What is known of a frame, None if nothing is."""
        rows = self._database.rows(*queries.one_frame(key, self.reader))
        return queries.frame_from_row(rows[0]) if rows else None

    def frames(self, wanted: FrameFilter = EVERYTHING) -> list[FrameRecord]:
        """Frames in the order of sources and time."""
        return [queries.frame_from_row(row) for row in self._database.rows(*queries.frames(wanted, self.reader))]

    def frames_read_by(self, readers: tuple[int, int], states: tuple[str, ...]) -> list[FrameRecord]:
        """Frames that are in one of these states for both readers; their records are those of the first."""
        wanted = FrameFilter(states=states)
        rows, others = (self._database.rows(*queries.frames(wanted, reader)) for reader in readers)
        second = {queries.frame_from_row(row).key for row in others}
        return [f for f in map(queries.frame_from_row, rows) if f.key in second]

    def progress(self, wanted: FrameFilter = EVERYTHING) -> dict[str, int]:
        """How many frames are in each state; every one of STATES is there."""
        return dict.fromkeys(STATES, 0) | dict(self._database.rows(*queries.progress(wanted, self.reader)))

    # Masks -------------------------------------------------------------------------------------------------------

    def read_mask(self, key: FrameKey, reader: int | None = None) -> tuple[Lesion, ...]:
        """Lesions of a frame, none if there are none.

        Args:
            key: which frame.
            reader: of whom; the present one if not told.

        Raises:
            ProjectError: they were damaged on the disk.
        """
        reader = self.reader if reader is None else reader
        rows = self._database.rows(*queries.lesions(key, reader))
        return masks.lesions_from_rows([r[3:] for r in rows], rows[0][0], reader, rows[0][1:3]) if rows else ()

    def write_mask(
        self,
        key: FrameKey,
        lesions: Sequence[Lesion],
        size: tuple[int, int],
        state: str = CORRECTED,
        title: str = "",
        weights: str = "",
        name: str = "",
    ) -> None:
        """Put a mask in the place of the frame's present one, as one step that can be undone; safe when it returns.

        Args:
            key: which frame; made known if it is not.
            lesions: all lesions of the frame; none for an empty mask.
            size: (height, width) of the frame.
            state: of the frame from now on.
            title: what was done, in words for a menu.
            weights: id of the weights that proposed the mask; the first one stays.
            name: file name in a folder of pictures.

        Raises:
            DataError, ShapeError: the mask does not belong to this frame; nothing is written.
            OutputError: it cannot be written; what was there stays.
        """
        with self._writing() as pen:
            frame_id = pen.frame_id(key, size, name)
            before = pen.state(frame_id), pen.lesions(frame_id, size)
            pen.put(frame_id, lesions, state, size)
            pen.record_step(frame_id, title, before, (state, lesions), size)
            pen.first_weights(frame_id, weights)
            pen.note(title or "write mask", frame_id, summary(lesions, state))

    def import_masks(self, masks_: Iterable[tuple[FrameKey, Sequence[Lesion], tuple[int, int], str]]) -> int:
        """Put many masks in at once, all or none; they cannot be undone one by one.

        Args:
            masks_: (key, lesions, (height, width), name) of each frame.

        Returns:
            how many were put in.

        Raises:
            as `write_mask`.
        """
        count = 0
        with self._writing() as pen:
            for key, lesions, size, name in masks_:
                frame_id = pen.frame_id(key, size, name)
                # What could be undone before would no longer fit.
                pen.forget_steps(frame_id)
                pen.put(frame_id, lesions, CORRECTED, size)
                pen.note("import", frame_id, summary(lesions, CORRECTED))
                count += 1
        return count

    def undo(self) -> FrameKey | None:
        """Take back the last step, on whichever frame it was; kept over closing.

        Returns:
            that frame, to be shown; None when there is nothing to undo.
        """
        with self._writing() as pen:
            return pen.walk_journal(undone=0)

    def redo(self) -> FrameKey | None:
        """Do the step again that was last taken back; as `undo`."""
        with self._writing() as pen:
            return pen.walk_journal(undone=1)

    def undo_titles(self) -> tuple[list[str], list[str]]:
        """Titles of the steps that can be undone and redone, the next one first."""
        done, undone = (self._database.rows(queries.STEPS[u], (self.reader,)) for u in (0, 1))
        return [row[1] for row in done], [row[1] for row in undone]

    # States, notes, scores ---------------------------------------------------------------------------------------

    def set_state(self, keys: Sequence[FrameKey], state: str) -> None:
        """Set the state of known frames, for the present reader.

        Raises:
            DataError: a frame or state is not known; nothing is changed.
        """
        with self._writing() as pen:
            for key in keys:
                frame_id = pen.known_frame(key)
                pen.set_state(frame_id, state)
                pen.note("set state", frame_id, state)

    def set_notes(self, key: FrameKey, notes: str) -> None:
        """Put a text beside a known frame, for the present reader; the other one does not see it.

        Raises:
            DataError: the frame is not known.
        """
        with self._writing() as pen:
            frame_id = pen.known_frame(key)
            pen.set_notes(frame_id, notes)
            pen.note("set notes", frame_id, notes)

    def set_scores(self, name: str, scores: Mapping[FrameKey, float], weights: str = "") -> None:
        """Remember by what the review queue may be ordered: higher comes first.

        Args:
            name: "uncertainty", "flicker", … .
            scores: of known frames.
            weights: ids of what made them; empty when nobody knows.

        Raises:
            DataError: a frame is not known.
        """
        with self._writing() as pen:
            for key, value in scores.items():
                pen.set_score(pen.known_frame(key), name, value, weights)

    def scores(self, name: str) -> dict[FrameKey, float]:
        """Scores of that name."""
        return {FrameKey(*row[:3]): row[3] for row in self._database.rows(queries.SCORES, (name,))}

    def score_weights(self, name: str) -> dict[FrameKey, str]:
        """Ids of the weights that made each score of that name; empty where nobody knows."""
        return {FrameKey(*row[:3]): row[4] for row in self._database.rows(queries.SCORES, (name,))}

    def audit(self, key: FrameKey | None = None) -> list[AuditEntry]:
        """Who did what, oldest first; of one frame, or of everything."""
        return [queries.audit_from_row(row) for row in self._database.rows(*queries.audit(key))]

    @contextmanager
    def _writing(self) -> Iterator[Pen]:
        with self._database.writing() as connection:
            yield Pen(connection, self.author, self.reader)
        self._changed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _with_backup(error: DamagedProjectError, folder: Path) -> DamagedProjectError:
    backup = last_good_backup(folder)
    offer = f"`medseg project restore` puts back the backup {backup.stem}" if backup else "there is no backup"
    return DamagedProjectError(f"{str(error).rstrip('.')}; {offer}.", error.details, backup)
