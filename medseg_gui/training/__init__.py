"""Losses, recipes and the training loop. Runs without a window; the window starts it as a process."""
