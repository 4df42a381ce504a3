"""Mask correction without a mouse: functions on arrays that say what they changed. Nothing of Qt, nothing of torch."""
