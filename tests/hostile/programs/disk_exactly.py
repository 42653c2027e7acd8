# Fills the disk, except for the page of its own source.
# outcome: success
# stdout: done
with open("big", "wb") as file:
    file.write(bytes((8 << 20) - 4096 * 4))
print("done")
