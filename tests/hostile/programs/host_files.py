# Tries to read the host's files, by name and by searching everywhere.
# outcome: success
# stdout: looked
# limits: wall_seconds=20 cpu_seconds=10
import os

KNOWN = ("/etc/shadow", "/etc/hostname", "/root/.bashrc", "/root/.ssh", "/var/log", "/boot", "/srv",
         "/var/lib/dpkg", "/sys", "/run", "/proc/kcore", "/proc/self/root/../etc/shadow")  # fmt: skip
for path in (os.environ["HOST_FILE"], *KNOWN):
    try:
        os.close(os.open(path, os.O_RDONLY))
        print("ESCAPED:", path)
    except OSError:
        pass
NAMES = {"podline.db", "events.db", "redis.sock", "sandbox.sock", "sandbox.log", "authorized_keys"}
for place, folders, files in os.walk("/"):
    if place == "/":
        folders[:] = set(folders) - {"proc", "usr"}
    for name in NAMES & set(files):
        print("ESCAPED:", place, name)
print("looked")
