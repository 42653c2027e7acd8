"""Fresh in-memory twins and a worker for each test."""

from tests.support.twin_fixtures import no_first_look as no_first_look
from tests.support.twin_fixtures import twins as twins
from tests.support.twin_fixtures import worker as worker
