"""Segmentation of polyps and instruments in colonoscopy, with explanations, corrections and fine-tuning."""

__version__ = "0.1.0"
