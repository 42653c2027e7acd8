"""What a submission says besides the program: its labels, and where its callback goes."""

from collections.abc import Mapping
from typing import Final

from app.domain.callback_url import networks, problem_with
from app.domain.policy import InputMaxima, Policy
from app.domain.problems import Problems, pointer, showable

_NO_SECRET: Final = (
    "this service can't sign callbacks: ask its operator to set PODLINE_CALLBACK_SECRET"
)


def check_callback(problems: Problems, url: str | None, policy: Policy) -> None:
    if url is None:
        return
    if not policy.signs_callbacks:
        problems.add("/callback_url", _NO_SECRET)
    elif problem := problem_with(url, networks(policy.callback_networks)):
        problems.add("/callback_url", problem)


def check_labels(problems: Problems, labels: Mapping[str, str], maxima: InputMaxima) -> None:
    for name, value in labels.items():
        at = pointer("labels", name)
        if not name or ":" in name:
            problems.add(at, "a label's name is not empty and has no colon")
        for text in (name, value):
            showable(problems, at, text)
            if len(text) > maxima.label_characters:
                problems.add(at, f"at most {maxima.label_characters} characters are allowed")
