# Removes all permissions from its folders, so that nobody could remove them by their names.
# outcome: success
# stdout: left
import os

os.makedirs("a/b/c")
for folder in ("a/b/c", "a/b", "a", ".", "/box/tmp", "/box/shm"):
    os.chmod(folder, 0)
print("left")
