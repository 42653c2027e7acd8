"""The OpenAPI document with the one operation, worded for models."""

from collections.abc import Sequence
from typing import Any, Final

from app import for_models
from app.domain.language import Language

RUN_CODE: Final = "/tools/run_code"

_RESULT: Final = {
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "description": f"{for_models.OUTCOME}."},
        "message": {"type": ["string", "null"], "description": for_models.MESSAGE},
        "exit_code": {"type": ["integer", "null"]},
        "signal": {"type": ["string", "null"], "description": for_models.SIGNAL},
        "stdout": {"type": "string"},
        "stderr": {"type": "string"},
        "compiler": {"type": "string", "description": for_models.COMPILER},
        "execution_id": {"type": "string"},
    },
    "required": ["outcome", "stdout", "stderr", "execution_id"],
}
_ERROR: Final = {
    "type": "object",
    "properties": {"detail": {"type": "string", "description": "What is wrong, and what to do."}},
    "required": ["detail"],
}


def document(languages: Sequence[Language]) -> dict[str, Any]:
    """The document, with the languages that are available now."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Podline", "version": "1", "description": "Runs programs."},
        "paths": {RUN_CODE: {"post": _run_code(languages)}},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
        },
        "security": [{"bearer": []}, {"header": []}],
    }


def _run_code(languages: Sequence[Language]) -> dict[str, Any]:
    return {
        "operationId": "run_code",
        "summary": "Run a program",
        "description": for_models.RUN_CODE,
        "requestBody": {"required": True, "content": _json(_program(languages))},
        "responses": {
            "200": {"description": "How it ended, and what it printed", "content": _json(_RESULT)},
            "default": {"description": "It was not run to its end", "content": _json(_ERROR)},
        },
    }


def _program(languages: Sequence[Language]) -> dict[str, Any]:
    names = sorted({language.name for language in languages})
    return {
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": for_models.CODE},
            "language": {
                "type": "string",
                "default": "python",
                "description": "The language of the program.",
                **({"enum": names} if names else {}),
            },
            "stdin": {
                "type": "string",
                "default": "",
                "description": for_models.STDIN,
            },
        },
        "required": ["code"],
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
