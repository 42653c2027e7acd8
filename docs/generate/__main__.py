"""`python -m docs.generate`"""

from docs.generate.pages import write_all

if __name__ == "__main__":
    write_all()
