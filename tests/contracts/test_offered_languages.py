"""What every store does with the languages that a runtime offered."""

from dataclasses import replace

from app.domain.language import Language
from app.ports import Store


def test_there_are_none_before_they_are_put(store: Store) -> None:
    assert store.languages.get() == []


def test_the_last_ones_that_were_put_are_kept(store: Store) -> None:
    python = Language(
        name="python",
        version="3.12",
        source_name="main.py",
        compiled=False,
        needs={"memory_mib": 256},
        packages={"numpy": "2.1.3"},
    )
    go = replace(python, name="go", compiled=True, compile_needs={"memory_mib": 1024})

    store.languages.put([python, go])
    store.languages.put([go])

    assert store.languages.get() == [go]
