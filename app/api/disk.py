"""/api/v1/disk: what takes how much space."""

from app.api import about_schemas
from app.api.context import Call
from app.api.operations import Section
from app.domain.api_key import Role
from app.service.disk import disk_usage

disk = Section("Operators", "/api/v1/disk", Role.OPERATOR)


@disk.operation("GET", "", {200: about_schemas.Disk})
def get(call: Call) -> about_schemas.Disk:
    """What the service keeps on the disk of the machine that responds.

    It looks at each file, which takes about a second for 100,000 blobs. With MongoDB, what the
    database takes is not included.
    """
    found = disk_usage(call.ports.disk, call.context.policy)
    return about_schemas.Disk(
        parts=dict(found.parts),
        total_bytes=sum(found.parts.values()),
        free_bytes=None if found.room is None else found.room.free,
        reserved_bytes=found.reserved,
    )
