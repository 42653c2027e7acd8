"""`podline host`: adds a sandbox host to a service."""
