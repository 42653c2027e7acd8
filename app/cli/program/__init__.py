"""The program that a command submits: its options, its files and its language."""
