"""Queue `admission`: the coordinator."""

from app.domain.chain import ADMIT
from app.infrastructure.celery.process import step
from app.service import admission

admit = step(ADMIT)(admission.admit)
