"""Show, import, export, report on, back up and mend annotation projects."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.project.store import Project

ACTIONS = ("show", "import", "export", "report", "video", "relocate", "agreement", "backup", "restore")
_FORMATS = ("coco", "png", "png-indexed", "yolo", "labelme", "csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg project`."""
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("project", type=Path, help="the project folder; import makes a new one if it is not there")
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="import, relocate: where to look")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="export: a new or empty folder; "
                        "report: a .pdf file; video: an .mp4 file")  # fmt: skip
    parser.add_argument("--format", choices=_FORMATS, help="import, export: how annotations are written")
    parser.add_argument("--source", dest="only", metavar="NAME", help="report, video: frames of this source alone; its "
                        "name or the beginning of its content hash")  # fmt: skip
    parser.add_argument("--frame", type=int, action="append", metavar="N", help="report, video: this frame, may be "
                        "given again")  # fmt: skip
    parser.add_argument("--explain", metavar="METHOD", help="report: with an explanation (lrp, gradcam or hirescam)")
    parser.add_argument("--weights", metavar="NAME", help="report: of these weights (default: those of the frame)")
    parser.add_argument(
        "--centre", help="export, show, report: of this hospital only; import: the hospital they come from"
    )
    parser.add_argument("--state", action="append", help="export, report: frames in this state, may be given again "
                        "(default: corrected and accepted); all for every frame")  # fmt: skip
    parser.add_argument("--replace", action="store_true", help="import: also where a mask was corrected or accepted")
    parser.add_argument("--deidentify", action="store_true", help="export, import, report, video: black out what "
                        "lies outside the scope's field of view, hide file names, authors and notes")  # fmt: skip
    parser.add_argument("--margin", type=int, default=0, metavar="PX", help="with --deidentify: black out so much more")
    parser.add_argument("--author", default=None, help="who works (default: the name you are logged in with)")
    parser.add_argument("--reader", type=int, choices=(1, 2), default=1, help="2 for the second reader's masks")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Do one of them."""
    from medseg_gui.errors import InputError

    for action, value, option in (
        ("import", args.source, "--from DIR"),
        ("relocate", args.source, "--from DIR"),
        ("export", args.output, "-o DIR"),
        ("report", args.output, "-o FILE.pdf"),
        ("video", args.output, "-o FILE.mp4"),
        ("import", args.format, "--format"),
        ("export", args.format, "--format"),
    ):
        if args.action == action and value is None:
            raise InputError(f"`medseg project {action}` needs {option}.")
    from medseg_gui.commands.project_pictures import report, video

    result: dict[str, Any] = {
        "show": _show, "import": _import, "export": _export, "relocate": _relocate, "agreement": _agreement,
        "backup": _backup, "restore": _restore, "report": lambda a: report(a, _open(a)),
        "video": lambda a: video(a, _open(a)),
    }[args.action](args)  # fmt: skip
    if not args.json:
        _print(result)
    return result


def _open(args: argparse.Namespace) -> Project:
    from medseg_gui.project.store import Project

    return Project(args.project, _author(args), args.reader)


def _show(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.project.records import FrameFilter
    from medseg_gui.types import CLASS_NAMES

    with _open(args) as project:
        missing = {s.hash for s in project.missing_sources()}
        return {
            "frames": project.progress(FrameFilter(centre=args.centre)),
            "frames_with": {
                name: sum(project.progress(FrameFilter(centre=args.centre, class_id=i)).values())
                for i, name in CLASS_NAMES.items()
            },
            "sources": [
                {"name": s.name, "kind": s.kind, "centre": s.centre, "frames": s.frame_count, "path": s.path,
                 "missing": s.hash in missing}
                for s in project.sources()
            ],
        }  # fmt: skip


def _import(args: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.project.database import DATABASE_NAME
    from medseg_gui.project.exchange.transfer import import_folder
    from medseg_gui.project.store import Project

    if (args.project / DATABASE_NAME).is_file():
        project = _open(args)
        project.back_up()  # so that an import of the wrong folder can be taken back
    else:
        project = Project.create(args.project, _author(args), args.reader)
    with project, progress_bar("pictures") as progress:
        return asdict(import_folder(project, args.format, args.source, args.centre or "", args.replace,
                                    args.deidentify, args.margin, progress))  # fmt: skip


def _export(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.project.exchange import FORMATS
    from medseg_gui.project.exchange.transfer import export_project
    from medseg_gui.project.records import FrameFilter

    wanted = FrameFilter(states=wanted_states(args.state), centre=args.centre)
    with _open(args) as project, progress_bar("frames") as progress:
        done = export_project(project, args.format, args.output, wanted, args.deidentify, args.margin, progress)
    return {
        "frames": done.frames,
        "frames_without_picture": done.without_picture,
        "lost": done.lost,
        "the_format_cannot_hold": FORMATS[args.format].loses,
        "output": str(args.output),
    }


def wanted_states(words: list[str] | None) -> tuple[str, ...]:
    """States from the command line; those behind which a person stands when none was given.

    Raises:
        InputError: there is no such state.
    """
    from medseg_gui.errors import InputError
    from medseg_gui.project.records import REVIEWED, STATES

    states = STATES if words == ["all"] else tuple(words or REVIEWED)
    if unknown := set(states) - set(STATES):
        raise InputError(f"There is no state {unknown.pop()}; use one of {', '.join(STATES)}, or all.")
    return states


def _relocate(args: argparse.Namespace) -> dict[str, Any]:
    with _open(args) as project:
        found = project.relocate(args.source)
        return {"found": [s.name for s in found], "still_missing": [s.name for s in project.missing_sources()]}


def _agreement(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.project.review import reader_agreement
    from medseg_gui.types import CLASS_NAMES

    result: dict[str, Any] = {}
    with _open(args) as project:
        for class_id, name in CLASS_NAMES.items():
            frames = reader_agreement(project, class_id)
            mean = sum(a.dice for a in frames) / len(frames) if frames else None
            worst = [{"source": a.key.source_hash[:12], "frame": a.key.index, "dice": a.dice} for a in frames[:20]]
            result[name] = {"frames": len(frames), "mean_dice": mean, "worst": worst}
    return result


def _backup(args: argparse.Namespace) -> dict[str, Any]:
    with _open(args) as project:
        return {"backup": str(project.back_up())}


def _restore(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.project.backup import restore

    return {"set_aside": str(restore(args.project))}


def _author(args: argparse.Namespace) -> str:
    if args.author is not None:
        return str(args.author)
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a system without a list of users
        return ""


def _print(result: dict[str, Any], indent: str = "") -> None:
    for key, value in result.items():
        name = f"{indent}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            print(f"{name}:")
            _print(value, indent + "  ")
        elif isinstance(value, list):
            print(f"{name}: {len(value)}")
            for item in value:
                text = ", ".join(f"{k} {v}" for k, v in item.items()) if isinstance(item, dict) else item
                print(f"{indent}  {text}")
        elif value not in ("", None):
            print(f"{name}: {value}")
