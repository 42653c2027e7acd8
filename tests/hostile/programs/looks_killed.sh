# Ends with the code that shells give for a kill, which is how running out of memory looks to many.
# outcome: runtime_error
exit 137
