"""The slowest files that a run of the tests names."""

from dataclasses import dataclass

from tests.support.slowest import HOW_MANY, slowest_files


@dataclass
class Report:
    nodeid: str
    duration: float


def test_a_file_takes_what_the_parts_of_its_tests_take() -> None:
    reports = [Report("a.py::one", 1.5), Report("b.py::two", 2.0), Report("a.py::one[x::y]", 1.0)]
    assert slowest_files(reports) == ["   2.5 s  a.py", "   2.0 s  b.py"]


def test_only_the_slowest_are_named() -> None:
    reports = [Report(f"{number}.py::test", number) for number in range(HOW_MANY + 2)]
    files = slowest_files(reports)
    assert (len(files), files[-1]) == (HOW_MANY, "   2.0 s  2.py")
