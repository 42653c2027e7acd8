# A good program: it reads all of its input, and computes something with a child beside it.
import subprocess
import sys

text = sys.stdin.read()
child = subprocess.run(["/bin/echo", "child"], capture_output=True, text=True, check=True)
print(len(text), sum(map(ord, text)) % 97, child.stdout, end="")
