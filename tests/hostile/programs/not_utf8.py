# Is not UTF-8, and declares no encoding.
# outcome: runtime_error
print("café")
