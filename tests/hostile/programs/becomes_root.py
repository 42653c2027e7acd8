# Tries to become another user, by every call that could do it.
# outcome: success
# stdout: held
import ctypes
import os

for call in (os.setuid, os.setgid, os.seteuid, os.setegid):
    for number in (0, 1, 65000, 65534):
        try:
            call(number)
            print("ESCAPED:", call, number)
        except OSError:
            pass
for change in (lambda: os.setgroups([0]), lambda: os.setresuid(0, 0, 0), lambda: os.chown(".", 0, 0)):
    try:
        change()
        print("ESCAPED")
    except OSError:
        pass
libc = ctypes.CDLL(None)
header, all_of_them = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
if libc.capset(header, all_of_them) == 0 or set(os.getgroups()) - {65534, os.getgid()}:
    print("ESCAPED")
print("held")
