"""Tables for people, JSON for programs."""

from datetime import UTC, datetime, timedelta

import pytest

from app.cli.output import Due, print_facts, print_json, print_table


def test_a_table_that_is_piped_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "text"), [("a" * 30, "b " * 200), ("c", None)])
    header, first, second = lines = capsys.readouterr().out.splitlines()
    assert [len(line) - len(line.rstrip()) for line in lines] == [0, 0, 0]
    assert header.split() == ["id", "text"]
    assert first.split() == ["a" * 30, *["b"] * 200]
    assert second.split() == ["c", "-"]


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=5), "5s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=5), "5h"),
        (timedelta(days=5), "5d"),
        (timedelta(minutes=-5, seconds=-1), "in 5m"),
    ],
)
def test_times_in_tables_are_relative(
    ago: timedelta, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(("", ""), [("at", datetime.now(UTC) - ago)])
    assert capsys.readouterr().out.split(maxsplit=1)[1].strip() == shown


def test_what_is_due_may_be_overdue(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    print_table(("", ""), [(Due(now - timedelta(minutes=3)), Due(now + timedelta(minutes=3.5)))])
    assert capsys.readouterr().out.split() == ["3m", "overdue", "in", "3m"]


def test_nothing_in_a_value_is_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("error", "[bold]x[/bold] :smile:"), ("labels", {"a": "b"})])
    assert "[bold]x[/bold] :smile:" in capsys.readouterr().out


def test_json_keeps_text_readable(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "ö", "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "all": (1, None)})
    assert capsys.readouterr().out == (
        '{\n  "text": "ö",\n  "at": "2026-01-02T03:04:05.000000Z",\n'
        '  "all": [\n    1,\n    null\n  ]\n}\n'
    )
