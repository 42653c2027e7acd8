"""What a program has to print, and how that is compared."""

import math
from typing import Final

from app.api.submission import form
from app.api.submission.checks import choice, text_or_base64
from app.domain.compare import Compare, CompareKind
from app.domain.compare.kinds import EXACT, LINES
from app.domain.policy import InputMaxima
from app.domain.problems import Problems, pointer
from app.domain.submission import ExpectedOutput

_NAMED: Final = {
    str(kind): Compare(kind) for kind in CompareKind if kind is not CompareKind.NUMBERS
}
_FORMS: Final = choice([*_NAMED, '{"numbers": {"absolute": 1e-9, "relative": 1e-9}}'])
_BOUNDS: Final = ("absolute", "relative")


def expected_output(
    problems: Problems,
    sent: form.Submission | form.Test,
    compare: Compare | None,
    maxima: InputMaxima,
) -> ExpectedOutput | None:
    """`compare` is None if the client leaves it to us."""
    text, encoded = sent.expected_output, sent.expected_output_base64
    content = text_or_base64(
        problems, "expected_output", text, encoded, maxima.expected_output_bytes
    )
    if content is None:
        return None
    return ExpectedOutput.of(content, compare or (EXACT if text is None else LINES))


def comparison(problems: Problems, sent: object) -> Compare | None:
    """The field `compare`. None if it is left out, or wrong."""
    match sent:
        case None:
            return None
        case str() if sent in _NAMED:
            return _NAMED[sent]
        case {"numbers": dict(bounds), **rest} if not rest:
            return _numbers(problems, bounds)
    problems.add("/compare", _FORMS)
    return None


def _numbers(problems: Problems, bounds: dict[str, object]) -> Compare:
    for name in list(bounds)[: len(_BOUNDS) + 1]:
        if name not in _BOUNDS:
            at = pointer("compare", "numbers", name)
            problems.add(at, "is not a known field: remove it")
    absolute, relative = (_bound(problems, name, bounds.get(name, 0)) for name in _BOUNDS)
    return Compare(CompareKind.NUMBERS, absolute, relative)


def _bound(problems: Problems, name: str, sent: object) -> float:
    if isinstance(sent, int | float) and not isinstance(sent, bool):
        try:
            bound = float(sent)
        except OverflowError:
            bound = math.inf
        if 0 <= bound < math.inf:
            return bound
    problems.add(pointer("compare", "numbers", name), "must be a finite number that is at least 0")
    return 0
