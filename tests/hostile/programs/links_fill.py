# Uses memory for names: of files, of links, and of attributes.
# outcome: success
# stdout: held
import os


def fill(make):
    try:
        for number in range(1_000_000):
            make(number)
        print("ESCAPED: a million")
    except OSError:
        return


fill(lambda number: os.link("main.py", f"{number:0250}"))
fill(lambda number: os.symlink("x" * 4000, f"{number:0250}s"))
fill(lambda number: os.setxattr("main.py", f"user.{number:0200}", b"x" * 60_000))
print("held")
