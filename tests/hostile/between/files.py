# Files in every folder that can be written to, and a changed and a removed one of the program.
import os

FOLDERS = (".", "/tmp", "/var/tmp", "/dev/shm", "/box", "/box/work", "/box/tmp", "/box/shm")


def look():
    found = [(path, sorted(os.listdir(path))) for path in FOLDERS]
    return found, os.path.getsize("main.py"), os.path.exists("data.txt")


def leave():
    for folder in FOLDERS:
        os.makedirs(f"{folder}/left/deep", exist_ok=True)
        open(f"{folder}/file", "w").write("left")
    open("main.py", "a").write("print('ESCAPED')\n")
    os.unlink("data.txt")
