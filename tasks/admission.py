"""Queue `admission`: the coordinator."""

from app.infrastructure.celery.pipeline import ADMIT
from app.infrastructure.celery.process import step
from app.service import admission

admit = step(ADMIT)(admission.admit)
