# Would end just after its time limit.
# outcome: time_limit
# limits: wall_seconds=0.5
sleep 0.6
echo ESCAPED
