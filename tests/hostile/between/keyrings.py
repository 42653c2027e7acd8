# Keys in the kernel's keyrings. A program may have none.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL, SEARCH = 248, 250, 10  # as on x86-64
RINGS = (-4, -5)  # of the user, and of the user's session


def look():
    return [libc.syscall(KEYCTL, SEARCH, ring, b"user", b"left", 0) > 0 for ring in RINGS]


def leave():
    kept = [libc.syscall(ADD_KEY, b"user", b"left", b"x", 1, ring) > 0 for ring in RINGS]
    if not any(kept):
        return "refused"
