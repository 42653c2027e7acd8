# Is no UTF-8, and does not say what it is.
# outcome: runtime_error
print("café")
