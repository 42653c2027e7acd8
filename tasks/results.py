"""Queue `results`: the result processor."""

from app.domain.chain import PERSIST
from app.infrastructure.celery.process import step
from app.service import results

persist = step(PERSIST)(results.persist)
