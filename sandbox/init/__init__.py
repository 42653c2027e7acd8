"""What runs beside the program, in C, in a jail and in a pod alike; and how Python speaks to it."""
