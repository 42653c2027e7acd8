# Allocates more and more memory, and uses it.
# outcome: memory_limit
# outcome without cgroups: memory_limit | runtime_error
held = []
while True:
    held.append(bytearray(b"x" * 1_000_000))
