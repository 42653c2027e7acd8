"""Installs packages for programs, each language's with its own installer.

`python -m sandbox.packages --data DIR add python numpy pandas`

No code of a package runs here: pip takes wheels only, and npm runs no scripts.
"""
