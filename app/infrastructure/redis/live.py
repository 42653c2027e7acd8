"""Live output in Redis: one stream per pod, and the set of watched executions."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from importlib.resources import files
from time import time
from typing import Final, TypeAlias, cast

import redis

from app.domain.report import Frame, Stream
from app.infrastructure.redis.connection import raises_unavailable

WATCHED: Final = "podline:watched"
WATCH_SECONDS: Final = 30
EXPIRE_SECONDS: Final = 60
MAX_BYTES: Final = 256 * 1024
"""How much of a pod's latest output is kept, for those who start to watch late."""
FRAMES_PER_CALL: Final = 500

Entry: TypeAlias = tuple[str, dict[str, str]]
"""The id and fields of one stream entry."""


class RedisLiveOutput:
    """The live output of running programs, for those who watch. The oldest is removed first."""

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time) -> None:
        self._client = client
        self._clock = clock
        source = files(__package__).joinpath("live.lua").read_text(encoding="utf-8")
        self._append = client.register_script(source)

    @raises_unavailable
    def watch(self, execution_id: str) -> None:
        self._client.zadd(WATCHED, {execution_id: self._clock() + WATCH_SECONDS})

    @raises_unavailable
    def watched(self) -> set[str]:
        self._client.zremrangebyscore(WATCHED, "-inf", self._clock())
        return set(cast(list[str], self._client.zrange(WATCHED, 0, -1)))

    @raises_unavailable
    def append(self, pod_name: str, frames: Sequence[Frame]) -> None:
        for start in range(0, len(frames), FRAMES_PER_CALL):
            arguments: list[str | int] = [MAX_BYTES, EXPIRE_SECONDS]
            for frame in frames[start : start + FRAMES_PER_CALL]:
                content = b64encode(frame.content).decode()
                arguments += frame.sequence, frame.stream, frame.offset, content, len(frame.content)
            self._append(keys=[_key(pod_name)], args=arguments)

    @raises_unavailable
    def read(self, pod_name: str, after: int) -> list[Frame]:
        entries = self._client.xrange(_key(pod_name), min=f"{after + 1}-0")
        return [_frame(entry) for entry in cast(list[Entry], entries)]

    @raises_unavailable
    def last(self, pod_name: str) -> int:
        newest = cast(list[Entry], self._client.xrevrange(_key(pod_name), count=1))
        return _sequence(newest[0]) if newest else 0


def _key(pod_name: str) -> str:
    return f"podline:live:{pod_name}"


def _sequence(entry: Entry) -> int:
    return int(entry[0].partition("-")[0])


def _frame(entry: Entry) -> Frame:
    _, fields = entry
    return Frame(
        _sequence(entry),
        Stream(fields["stream"]),
        int(fields["offset"]),
        b64decode(fields["content"]),
    )
