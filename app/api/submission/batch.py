"""A batch as a client sends it: each program is read, checked and refused by itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from app.api.bounds import UpTo, prune
from app.api.problems import in_body
from app.api.submission.form import Submission as Form
from app.api.submission.rules import validate
from app.api.validation import Sent, read
from app.domain.api_key import Role
from app.domain.batch import MAX_BYTES, MAX_ITEMS
from app.domain.errors import Forbidden, InvalidRequest
from app.domain.language import Language
from app.domain.policy import Policy
from app.domain.problems import MAX_PROBLEMS, Problems, pointer
from app.domain.submission import Submission

_MOST_PROBLEMS: Final = 5 * MAX_PROBLEMS
"""In one batch. Each program that is refused lists at least one."""


class _UnreadForm:
    """Shown as a submission, and left as it was sent."""

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(Form.__pydantic_core_schema__)


class NewBatch(Sent):
    """Programs to be run. One that is not valid is refused, and the others are accepted."""

    SUBMISSIONS: ClassVar = MAX_ITEMS
    """A body may have the values of this many submissions."""
    MOST_BYTES: ClassVar = MAX_BYTES

    executions: Annotated[list[Annotated[Any, _UnreadForm()]], UpTo(MAX_ITEMS)] = Field(
        min_length=1
    )


def validate_batch(
    batch: NewBatch, policy: Policy, languages: Sequence[Language], role: Role
) -> Iterator[Submission | Mapping[str, object]]:
    """Each submission, or its problem document. Frees what was sent on the way."""
    left = _MOST_PROBLEMS
    sent = batch.executions
    for index in range(len(sent)):
        problems = Problems(most=max(1, min(left, MAX_PROBLEMS)))
        each, sent[index] = sent[index], None
        try:
            prune(problems, Form, each, policy.input)
            if problems.full:
                raise InvalidRequest(problems.found)
            yield validate(read(Form, each, problems), policy, languages, role)
        except (InvalidRequest, Forbidden) as error:
            left -= len(problems.found)
            problem = in_body(error, pointer("executions", index))
            yield problem.model_dump(exclude_none=True)
