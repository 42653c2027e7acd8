"""Replays: starting and cancelling them (`sessions`), and the work on them (`slices`, `modes`)."""
