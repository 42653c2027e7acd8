"""The use cases: each is a function, named by what its caller wants, given the ports it needs."""
