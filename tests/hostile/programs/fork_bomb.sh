# The shell's classic: every process starts two.
# outcome: time_limit
# limits: wall_seconds=0.7
bomb() { bomb | bomb & }
bomb
while :; do sleep 0.01; done 2>&-
