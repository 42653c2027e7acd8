"""Queue `results`: the result processor."""

from app.infrastructure.celery.pipeline import PERSIST
from app.infrastructure.celery.process import step
from app.service import results

persist = step(PERSIST)(results.persist)
