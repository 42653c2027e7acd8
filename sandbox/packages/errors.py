"""What `sandbox.packages` reports to people."""


class PackagesError(Exception):
    """Nothing was changed. The message says why, and what to do."""
