# Writes to /proc, which affects the whole host.
# outcome: success
# stdout: held
import os

for path in ("sys/kernel/core_pattern", "sys/kernel/hostname", "sys/vm/drop_caches", "sysrq-trigger",
             "sys/kernel/modprobe", "sys/net/ipv4/ip_forward", "sys/fs/file-max", "self/uid_map",
             "self/oom_score_adj", "self/gid_map", "self/setgroups", "self/loginuid",
             "self/attr/current", "self/coredump_filter", "1/oom_score_adj", "1/mem",
             "self/clear_refs", "self/timens_offsets", "irq/default_smp_affinity"):  # fmt: skip
    try:
        os.close(os.open(f"/proc/{path}", os.O_WRONLY))
        print("ESCAPED:", path)
    except OSError:
        pass
print("held")
