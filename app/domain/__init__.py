"""What Podline knows about executions. Imports nothing of ours and no vendor."""
