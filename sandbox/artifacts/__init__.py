"""Which files a program's submission asks for, and what the daemon takes of them."""
