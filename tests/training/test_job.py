"""A fine-tuning job on the disk: what its process is told, and what is found again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from medseg_gui.commands import train
from medseg_gui.errors import InputError, OutputError
from medseg_gui.training.job import DONE, TrainingJob, all_jobs, frames_learnt, jobs_dir, new_folder


def make_job(folder: Path) -> TrainingJob:
    settings = {"epochs": 3, "lr": 3e-4, "interpretability-p": 0.5}
    return TrainingJob(folder, "polyp-unet_lite0", "unet_lite0", 1, ("A/p 1", "B/p2"), settings, 10, 2)


def test_its_words_are_those_of_the_command_line(tmp_path: Path) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    job = make_job(tmp_path / "job")
    args = parser.parse_args(job.arguments(resume=True))
    assert args.data == [job.data]
    assert (args.output, args.init, args.network, args.class_name) == (job.run, job.base, "unet_lite0", "polyp")
    assert args.hold_out == ["A/p 1", "B/p2"]
    assert (args.epochs, args.lr, args.interpretability_p, args.resume) == (3, 3e-4, 0.5, True)
    previewed = parser.parse_args(job.preview_arguments(tmp_path / "p.png"))
    assert previewed.preview == tmp_path / "p.png"
    assert not previewed.resume


def test_what_is_saved_is_found_again_newest_first() -> None:
    first = make_job(new_folder()).save()
    second = make_job(new_folder()).save(status=DONE)
    (jobs_dir() / "notes").mkdir()
    (jobs_dir() / "broken").mkdir()
    (jobs_dir() / "broken" / "job.json").write_text("{")
    assert all_jobs() == [second, first]
    assert TrainingJob.load(first.folder) == first
    with pytest.raises(InputError, match="no training"):
        TrainingJob.load(jobs_dir() / "notes")


def test_what_a_version_has_seen_includes_what_its_parents_saw() -> None:
    first = make_job(new_folder()).save(version="polyp-v2", learnt=("a", "b"), base="polyp")
    make_job(new_folder()).save(version="polyp-v3", learnt=("c",), base="polyp-v2")
    make_job(new_folder()).save(learnt=("d",), base="polyp-v3")
    assert frames_learnt("polyp-v3") == {"a", "b", "c"}
    assert frames_learnt("polyp-v2") == {"a", "b"}
    assert frames_learnt("polyp") == frozenset()
    assert TrainingJob.load(first.folder) == first


def test_a_full_disk_is_told_and_the_old_state_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(tmp_path / "job").save()

    def refuse(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="No space left"):
        job.save(status=DONE)
    assert TrainingJob.load(job.folder) == replace(job)
