"""Queue `results`: the result processor."""

from app.service import results
from tasks.pipeline import PERSIST
from tasks.process import step

persist = step(PERSIST)(results.persist)
