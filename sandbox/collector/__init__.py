"""What runs in a pod beside the container of the program, in C. `kubernetes.inside` says why."""
