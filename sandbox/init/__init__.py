"""What runs beside the program, in C, in jails and pods alike; and how Python talks to it."""
