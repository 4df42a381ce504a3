"""Synthetic colonoscopy with exact masks: single frames, clips, multi-centre data sets. Seeded and deterministic."""

from __future__ import annotations

from medseg_gui.data.phantom.frames import PhantomSample, render_clip, render_sample
from medseg_gui.data.phantom.writing import write_clip, write_dataset

__all__ = ["PhantomSample", "render_clip", "render_sample", "write_clip", "write_dataset"]
