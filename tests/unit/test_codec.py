"""What is decoded stays in memory for no longer than its reader wants it."""

import sys

from app.infrastructure.codec import RESULT
from tests.support.builders import a_result, an_execution, an_id


def test_nothing_stays_of_results_that_were_read() -> None:
    execution = an_execution()
    encoded = [RESULT.encode(a_result(execution, id=an_id())) for _ in range(1_000)]
    RESULT.decode(encoded[0])
    before = sys.getallocatedblocks()
    for each in encoded:
        RESULT.decode(each)
    assert sys.getallocatedblocks() - before < 500
