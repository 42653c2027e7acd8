# Stops itself for good.
# outcome: time_limit
# stdout: begun
# limits: wall_seconds=1.5
echo begun
kill -STOP $$
echo ESCAPED: it continues
