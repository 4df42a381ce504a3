"""The part of the table of actions that is about the project: files, exchange, review, readers."""

from __future__ import annotations

from medseg_gui.project.records import ACCEPTED, REJECTED, SKIPPED
from medseg_gui.qt.action_spec import ActionSpec

PROJECT_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("new_project", "&New project…", "Make a project: one folder that keeps masks and decisions",
               lambda c: c.project.ask_for_new(), ("Ctrl+N",), "project"),
    ActionSpec("open_project", "Open &project…", "Open a project folder",
               lambda c: c.project.ask_to_open(), ("Ctrl+P",), "project"),
    ActionSpec("save", "&Save now", "Write what is not on the disk yet; this happens by itself",
               lambda c: c.project.save(), ("Ctrl+S",), "save"),
    ActionSpec("save_as", "Save project &as…", "Copy the project to another folder, and go on there",
               lambda c: c.project.ask_to_copy(), ("Ctrl+Shift+S",), ""),
    ActionSpec("close_project", "C&lose project", "Close the project; the picture stays",
               lambda c: c.project.close(), ("Ctrl+W",), ""),
    ActionSpec("relocate", "&Look for missing sources…", "Look for videos and folders that were moved",
               lambda c: c.project.ask_to_relocate(), (), ""),
    ActionSpec("restore", "Put the &backup back", "Put the last good backup in the place of a damaged database",
               lambda c: c.project.restore(), (), ""),
    ActionSpec("import", "&Import annotations…", "Take masks of other programs into the project",
               lambda c: c.project.show_import(), ("Ctrl+Shift+I",), "import"),
    ActionSpec("export", "Export &annotations…", "Write masks for other programs",
               lambda c: c.project.show_export(), ("Ctrl+Shift+E",), "export"),
    ActionSpec("case_report", "&Case report (PDF)…", "Write a page for each frame: mask, measurements, weights, notes",
               lambda c: c.project.show_report(), (), "figure"),
    ActionSpec("overlay_video", "Overlay &video…", "Write a video with the masks drawn in",
               lambda c: c.project.show_video(), (), "video"),
    ActionSpec("clean_copy", "Clean copy of the &recording…", "Copy what is open without names, sound and metadata",
               lambda c: c.project.show_clean_copy(), (), "anonymous", needs_source=True),
    ActionSpec("next_in_queue", "&Next in the queue", "To the next frame to review",
               lambda c: c.project.step(1), ("N",), "next-item", repeats=True),
    ActionSpec("previous_in_queue", "&Previous in the queue", "To the frame reviewed before",
               lambda c: c.project.step(-1), ("Shift+N",), "previous-item", repeats=True),
    ActionSpec("accept_frame", "&Accept frame", "The mask of this frame is right; no mask: nothing is to be seen",
               lambda c: c.state.review.decide(ACCEPTED), ("Y",), "state-accepted", needs_source=True),
    ActionSpec("reject_frame", "&Reject frame", "This frame is not to be used",
               lambda c: c.state.review.decide(REJECTED), ("R",), "state-rejected", needs_source=True),
    ActionSpec("skip_frame", "S&kip frame", "Leave this frame to somebody else",
               lambda c: c.state.review.decide(SKIPPED), ("J",), "state-skipped", needs_source=True),
    ActionSpec("add_frames", "Put &frames on the list…", "Choose frames of this source to be reviewed",
               lambda c: c.project.show_add_frames(), (), "", needs_source=True),
    ActionSpec("frame_history", "&History of this frame…", "Who did what to this frame, and when",
               lambda c: c.project.show_history(), ("Ctrl+H",), "history", needs_source=True),
    ActionSpec("reader_1", "First &reader", "Work as the first reader",
               lambda c: c.project.set_reader(1), (), "", is_checkable=True),
    ActionSpec("reader_2", "&Second reader (blind)", "Masks of your own; those of the first reader are not shown",
               lambda c: c.project.set_reader(2), (), "", is_checkable=True),
    ActionSpec("compare_readers", "&Compare readers", "Show both readers' outlines, and where they differ",
               lambda c: c.project.toggle_comparing(), ("Ctrl+D",), "compare", is_checkable=True),
)  # fmt: skip

PROJECT_MENU: tuple[str | None, ...] = (
    *("new_project", "open_project", ">recent_projects", "save", "save_as", "close_project", None),
)
EXCHANGE_MENU: tuple[str | None, ...] = ("import", ">export", None, "relocate", "restore", None)
EXPORT_MENU: tuple[str | None, ...] = ("export", "case_report", "overlay_video", None, "clean_copy")
REVIEW_MENU: tuple[str | None, ...] = (
    *("next_in_queue", "previous_in_queue", None, "accept_frame", "reject_frame", "skip_frame", None),
    *("add_frames", "frame_history", None, "reader_1", "reader_2", "compare_readers"),
)
