"""Which programs are being compiled now, so that several bays needn't compile the same one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Compiling:
    """Safe for many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._keys: set[str] = set()

    @contextmanager
    def turn(self, key: str, seconds: float, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Enter at once, unless another thread compiles the program of that key: then, wait for it.

        Whoever waited enters together with all others that did: if the first one made no program,
        they compile at the same time, so none waits twice. None waits longer than `seconds`, or
        once it is cancelled.
        """
        with self._changed:
            is_first = key not in self._keys
            self._keys.add(key)
            if not is_first:
                self._changed.wait_for(lambda: key not in self._keys or cancelled(), seconds)
        try:
            yield
        finally:
            if is_first:
                with self._changed:
                    self._keys.remove(key)
                    self._changed.notify_all()

    def look_again(self) -> None:
        """Let those who wait see whether they are cancelled."""
        with self._changed:
            self._changed.notify_all()
