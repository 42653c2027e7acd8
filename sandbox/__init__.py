"""The sandbox: a program of its own that runs untrusted programs on this machine.

The service speaks to its daemon over a unix socket, in the messages of `sandbox.wire`. The parts:

- `wire`: the messages, their types and versions
- `daemon`: serves the socket, runs each pod, keeps what it printed
- `jail`: where one program runs, made by nsjail
- `metering`: CPU time and memory of a jail, and their limits
- `toolchains`: finds compilers and interpreters on the host
- `packages`: installs packages for programs, with pip and npm
- `environments`: which packages are installed, and who uses them
- `languages`: how each language compiles and runs a program
- `init`, `collector`, `line`: what runs beside a program, in C
- `artifacts`: which of a program's files are kept
- `private`: keeps files and folders from other accounts
- `memory`: returns freed memory to the system
"""
