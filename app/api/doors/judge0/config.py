"""What `GET /config_info` says: the defaults and maxima that this door applies.

All keys are Judge0's, and its Python client needs all of them. Values in seconds and KB.
"""

from typing import Any, Final

from app.domain.batch import MAX_ITEMS
from app.domain.policy import Policy

MOST_EXTRA_SECONDS: Final = 5.0
MOST_RUNS: Final = 20
MIB: Final = 1024
"""In KB."""

_ALWAYS: Final[dict[str, Any]] = {
    "maintenance_mode": False,
    "enable_wait_result": True,
    "enable_compiler_options": True,
    "allowed_languages_for_compile_options": [],
    "enable_command_line_arguments": True,
    "enable_submission_delete": True,
    "enable_additional_files": True,
    "enable_batched_submissions": True,
    "max_submission_batch_size": MAX_ITEMS,
    "submission_cache_duration": 0.0,
    "use_docs_as_homepage": False,
    "callbacks_max_tries": 20,
    "callbacks_timeout": 5.0,
    "number_of_runs": 1,
    "max_number_of_runs": MOST_RUNS,
    "redirect_stderr_to_stdout": False,
    "enable_per_process_and_thread_time_limit": False,
    "allow_enable_per_process_and_thread_time_limit": False,
    "enable_per_process_and_thread_memory_limit": False,
    "allow_enable_per_process_and_thread_memory_limit": False,
    "enable_network": False,
    "allow_enable_network": False,
}


def config_info(policy: Policy) -> dict[str, Any]:
    """Each default is the larger one of Judge0's and Podline's, up to the maximum."""
    default, most = policy.default_limits, policy.max_limits
    memory = most.memory_mib * MIB
    return _ALWAYS | {
        "enable_callbacks": policy.signs_callbacks,
        "max_queue_size": policy.max_unfinished_per_owner,
        "cpu_time_limit": float(min(max(5, default.cpu_seconds), most.cpu_seconds)),
        "max_cpu_time_limit": float(most.cpu_seconds),
        "cpu_extra_time": 1.0,
        "max_cpu_extra_time": MOST_EXTRA_SECONDS,
        "wall_time_limit": float(min(max(10, default.wall_seconds), most.wall_seconds)),
        "max_wall_time_limit": float(most.wall_seconds),
        "memory_limit": min(max(128_000, default.memory_mib * MIB), memory),
        "max_memory_limit": memory,
        "stack_limit": min(64_000, memory),
        "max_stack_limit": memory,
        "max_processes_and_or_threads": min(max(60, default.processes), most.processes),
        "max_max_processes_and_or_threads": most.processes,
        "max_file_size": min(max(1024, default.output_kib), most.output_kib),
        "max_max_file_size": most.output_kib,
        "max_extract_size": policy.input.files_bytes // 1024,
    }
