"""The structured content of the tools' results. Its schema is part of each tool's description."""

from pydantic import BaseModel, Field

from app import for_models


class File(BaseModel):
    """A file that the program left behind."""

    name: str
    size: int = Field(description="Bytes.")
    media_type: str
    uri: str = Field(description="Read this resource to get the content.")


class Run(BaseModel):
    """An execution, with its result once it has ended."""

    execution_id: str
    state: str = Field(
        description="Final: completed, failed (by Podline's fault, not the program's), cancelled."
    )
    outcome: str | None = Field(description=f"{for_models.OUTCOME}; null until it has.")
    message: str | None = Field(default=None, description=for_models.MESSAGE)
    exit_code: int | None = None
    signal: str | None = Field(default=None, description=for_models.SIGNAL)
    stdout: str = ""
    stderr: str = ""
    cut: bool = Field(default=False, description="Whether stdout or stderr is not shown whole.")
    compiler: str = Field(default="", description=for_models.COMPILER)
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_peak_mib: float | None = None
    files: list[File] = []
    files_left_out: list[str] = Field(default=[], description="Files not kept, and why.")


class Limits(BaseModel):
    wall_seconds: float
    memory_mib: int


class Language(BaseModel):
    """A language that run_code takes."""

    name: str
    version: str
    aliases: list[str]
    packages: dict[str, str] = Field(description="Installed packages and their versions.")
    default_limits: Limits | None
    maximum_limits: Limits | None = Field(description="The most that a call may ask for.")


class Languages(BaseModel):
    languages: list[Language]
