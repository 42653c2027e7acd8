"""Queue `pods`: the pod creator."""

from app.service import pods
from tasks.pipeline import CREATE
from tasks.process import step

create = step(CREATE)(pods.create_pod)
