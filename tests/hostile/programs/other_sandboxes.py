# Looks for other programs: processes, their files, their shared memory.
# outcome: success
# stdout: ['main.py'] [] []
# stdout: alone
import os

print(os.listdir("/box/work"), os.listdir("/tmp"), os.listdir("/dev/shm"))
seen = {int(name) for name in os.listdir("/proc") if name.isdigit()}
print("alone" if seen <= {os.getpid()} else f"ESCAPED: {seen}")
for pid in range(1, 5000):
    try:
        os.kill(pid, 0)
    except OSError:
        continue
    if pid not in (1, os.getpid()):
        print("ESCAPED:", pid)
for kind in ("shm", "sem", "msg"):
    with open(f"/proc/sysvipc/{kind}") as file:
        if len(file.readlines()) > 1:
            print("ESCAPED:", kind)
