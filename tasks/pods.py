"""Queue `pods`: the pod creator."""

from app.domain.chain import CREATE
from app.infrastructure.celery.process import step
from app.service import pods

create = step(CREATE)(pods.create_pod)
