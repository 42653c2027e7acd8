# Its name is long, deep, and in another alphabet.
# outcome: success
# stdout: run
# file: 🦄/ \u202e/δοκιμή/-/--/…/main.py
print("run")
