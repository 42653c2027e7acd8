# Its name is an option of the interpreter.
# outcome: success | runtime_error
# file: -i.py
print("run")
