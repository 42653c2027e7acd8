# Exits with the code by which nsjail reports that it could not set up a jail.
# outcome: runtime_error
exit 255
