"""Mask files, data set folders, splits by patient, augmentation and synthetic data. Nothing here trains."""
