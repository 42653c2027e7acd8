# Ends with the code by which the sandbox program says that it could not set up.
# outcome: runtime_error
exit 255
