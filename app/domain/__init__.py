"""The rules about executions. Imports nothing else of Podline and no vendor's package."""
