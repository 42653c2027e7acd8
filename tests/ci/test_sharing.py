"""Tests that share what is expensive to start run on one worker of pytest-xdist."""

import pytest

from tests.conftest import sharing


@pytest.mark.parametrize(
    ("test", "scope"),
    [
        ("tests/unit/test_a.py::test_b[a/b-c::d]", "tests/unit/test_a.py"),
        ("tests/faults/test_a.py::test_b[a/b]", "tests/faults"),
        ("tests/kubernetes/test_deployment.py::test_a", "namespaces"),
        ("tests/kubernetes/test_faults.py::test_a", "tests/kubernetes/test_faults.py"),
        ("tests/acceptance/test_a.py::test_b[hosts]", "tests/acceptance[hosts]"),
        ("tests/acceptance/test_c.py::TestD::test_e[hosts-a-[b]]", "tests/acceptance[hosts]"),
        ("tests/acceptance/test_a.py::test_b[roles+kafka-x]", "tests/acceptance[roles+kafka]"),
    ],
)
def test_what_tests_share(test: str, scope: str) -> None:
    assert sharing(test) == scope
