"""`python -m app.cli` is `podline`, for processes that must run in the same environment."""

from app.cli import main

main()
