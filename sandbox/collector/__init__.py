"""What runs in a pod beside the program's container, in C. `kubernetes.inside` explains why."""
