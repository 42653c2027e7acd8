"""What a model sends becomes a body of the API."""

from itertools import islice
from typing import Any, Final

from app.domain.errors import InvalidRequest
from app.domain.problems import MAX_PROBLEMS, Problems, pointer

_NATIVE: Final = {"code": "source", "language": "language", "stdin": "stdin"}


def native(sent: object) -> dict[str, Any]:
    """Raises InvalidRequest."""
    problems = Problems()
    if not isinstance(sent, dict):
        problems.add("", "must be an object with `code`")
        raise InvalidRequest(problems.found)
    for name in islice((name for name in sent if name not in _NATIVE), MAX_PROBLEMS):
        problems.add(pointer(name), "is not known: use code, language and stdin")
    if not isinstance(sent.get("code"), str):
        problems.add("/source", "must be the text of the program")
    if problems.found:
        raise InvalidRequest(problems.found)
    # Models send null for what they leave out.
    return {"language": "python"} | {
        _NATIVE[name]: value for name, value in sent.items() if value is not None
    }


def told(error: InvalidRequest) -> str:
    """A sentence for a model, with its own names of the fields."""
    ours = {f"/{native}": name for name, native in _NATIVE.items()}
    found = "; ".join(
        f"{ours.get(each.pointer, each.pointer.lstrip('/')) or 'the body'} {each.detail}"
        for each in error.problems
    )
    return f"{found}. Correct this and call run_code again."
