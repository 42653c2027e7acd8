# Uses nearly all of its memory, and says so.
# outcome: success
# stdout: done
block = bytearray(b"x") * 48_000_000
print("done")
