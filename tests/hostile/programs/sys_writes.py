# Looks for /sys, control groups, and other interfaces of the kernel.
# outcome: success
# stdout: held
import os

for path in ("/sys", "/sys/fs/cgroup", "/sys/kernel/debug", "/dev/kmsg", "/dev/mem", "/dev/kvm",
             "/dev/fuse", "/dev/ptmx", "/dev/pts", "/dev/tty", "/dev/sda", "/dev/vda",
             "/dev/userfaultfd", "/dev/net/tun", "/dev/mqueue", "/dev/loop-control"):  # fmt: skip
    try:
        os.close(os.open(path, os.O_RDONLY))
        print("ESCAPED:", path)
    except OSError:
        pass
with open("/proc/self/cgroup") as file:
    if any(not line.endswith(":/\n") for line in file):
        print("ESCAPED: the name of a group")
print("held")
