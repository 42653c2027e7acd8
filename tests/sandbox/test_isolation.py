"""What a program can't reach."""

from pathlib import Path

from tests.support.sandbox_daemon import SandboxDaemon


def printed(sandbox: SandboxDaemon, source: str, name: str = "bash") -> str:
    _, output = sandbox.run(name, source)
    assert output.run
    return output.run.stdout.decode()


def test_there_is_no_network_but_its_own_loopback(sandbox: SandboxDaemon) -> None:
    source = (
        "import socket\n"
        "for address in ('169.254.169.254', 80), ('1.1.1.1', 53), ('10.0.0.1', 80):\n"
        "    try: socket.create_connection(address, 1)\n"
        "    except OSError as error: print(error.strerror)\n"
        "print(*(name for _, name in socket.if_nameindex()))\n"
    )

    assert printed(sandbox, source, "python") == "Network is unreachable\n" * 3 + "lo\n"


def test_files_of_the_host_are_not_there(sandbox: SandboxDaemon, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o644)

    source = f"cat {secret} /etc/shadow /etc/hostname /root/.bashrc 2>/dev/null; ls /"

    always = {"bin", "box", "dev", "etc", "lib", "lib64", "proc", "tmp", "usr", "var"}
    where_tool_chains_may_be = {"home", "opt", "root"}
    names = set(printed(sandbox, source).split())
    assert always <= names <= always | where_tool_chains_may_be


def test_accounts_of_the_host_are_not_shown(sandbox: SandboxDaemon) -> None:
    assert printed(sandbox, "id -un; wc -l < /etc/passwd; hostname") == "box\n1\nbox\n"


def test_only_the_box_can_be_written(sandbox: SandboxDaemon) -> None:
    source = (
        "for folder in / /usr /etc /dev /proc /usr/bin /box /box/work /tmp /dev/shm; do\n"
        "  (: > $folder/file) 2>/dev/null && echo $folder\n"
        "done"
    )

    assert printed(sandbox, source).split() == ["/box", "/box/work", "/tmp", "/dev/shm"]


def test_it_is_nobody_on_the_host(sandbox: SandboxDaemon) -> None:
    source = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"

    assert printed(sandbox, source).split() == [
        *("CapEff:", "0000000000000000", "CapBnd:", "0000000000000000"),
        *("NoNewPrivs:", "1", "Seccomp:", "2"),
    ]


def test_it_sees_its_own_processes_alone(sandbox: SandboxDaemon) -> None:
    assert printed(sandbox, "cd /proc; for i in [0-9]*; do [ $i = $$ ] || echo $i; done") == ""


def test_nothing_stays_from_one_pod_to_the_next(sandbox: SandboxDaemon) -> None:
    for _ in range(sandbox.bays + 1):
        assert printed(sandbox, "ls -A /box/work /tmp /dev/shm; touch x /tmp/x /dev/shm/x") == (
            "/box/work:\nmain.sh\n\n/dev/shm:\n\n/tmp:\n"
        )


def test_system_calls_that_widen_the_kernel_s_surface_are_refused(sandbox: SandboxDaemon) -> None:
    source = """
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TRY(call) printf("%s %d\\n", #call, (call) == -1 ? errno : 0)
int main(void) {
    TRY(unshare(CLONE_NEWUSER));
    TRY(syscall(SYS_ptrace, 0, 0, 0, 0));
    TRY(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
    TRY(syscall(SYS_bpf, 0, 0, 0));
    TRY(syscall(SYS_io_uring_setup, 1, 0));
    TRY(syscall(SYS_userfaultfd, 0));
    TRY(syscall(SYS_perf_event_open, 0, 0, 0, 0, 0));
    TRY(syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0));
    TRY(syscall(SYS_mount, 0, 0, 0, 0, 0));
    TRY(socket(AF_VSOCK, SOCK_STREAM, 0));
    TRY(socket(AF_PACKET, SOCK_RAW, 0));
}
"""
    lines = printed(sandbox, source, "c").splitlines()

    assert len(lines) == 11
    assert {line.rsplit(" ", 1)[1] for line in lines[:9]} == {"1"}
    assert {line.rsplit(" ", 1)[1] for line in lines[9:]} == {"97"}


def test_links_that_it_leaves_lead_nowhere(sandbox: SandboxDaemon) -> None:
    """The next pod's files are written by init, into a box that no program has used."""
    printed(sandbox, "rm main.sh; ln -s /etc/passwd main.sh; mkfifo fifo; ln -s . loop")

    assert printed(sandbox, "stat -c %F main.sh; ls") == "regular file\nmain.sh\n"
