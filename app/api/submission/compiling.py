"""What a client asks of the compiler."""

from collections.abc import Sequence

from app.api.submission.inputs import checked_args
from app.domain.language import Language
from app.domain.policy import InputMaxima
from app.domain.problems import Problems


def checked_compile_args(
    problems: Problems, args: Sequence[str], language: Language | None, maxima: InputMaxima
) -> tuple[str, ...]:
    if args and language and not language.compiled:
        problems.add("/compile_args", f"{language.name} has no compiler: leave it out")
    return checked_args(problems, "compile_args", args, maxima)
