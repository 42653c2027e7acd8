"""The sandbox of NeMo Skills: one more path of the same clients."""
