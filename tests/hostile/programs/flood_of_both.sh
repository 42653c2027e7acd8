# Many processes write without end, on both streams.
# outcome: output_limit
for _ in 1 2 3 4; do
    yes out &
    yes err >&2 &
done
wait
