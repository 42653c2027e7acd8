"""Queue `admission`: the coordinator."""

from app.service import admission
from tasks.pipeline import ADMIT
from tasks.process import step

admit = step(ADMIT)(admission.admit)
