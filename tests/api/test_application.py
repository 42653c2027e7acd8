"""Processes that don't serve the API don't pay for its package."""

import subprocess
import sys


def test_importing_the_package_imports_no_flask() -> None:
    program = "import app, sys; assert not {'flask', 'pydantic', 'jinja2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
