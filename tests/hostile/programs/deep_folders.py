# Nests folders until there is no room: their path is longer than any call takes.
# outcome: success
# stdout: held
import os

depth = 0
try:
    while True:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        depth += 1
except OSError as error:
    print("held" if depth > 100 and error.errno == 28 else f"{depth}: {error}")
