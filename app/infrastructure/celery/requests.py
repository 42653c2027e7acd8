"""Requests of tasks (`Task.Request`) as the worker handles them."""

from typing import Any

from celery.worker.request import Request


class NamedQueue(Request):
    """Names the queue in the task's events, for Flower. Celery does so only when it publishes."""

    def send_event(self, type: str, **fields: Any) -> None:
        super().send_event(type, queue=self.delivery_info.get("routing_key"), **fields)
