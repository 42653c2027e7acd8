"""Replay sessions: asking for them (`sessions`), and the work on them (`slices`, `modes`)."""
