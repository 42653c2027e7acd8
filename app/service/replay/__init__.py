"""Replays: starting and cancelling them (`control`), and the work on them (`slices`, `modes`)."""
