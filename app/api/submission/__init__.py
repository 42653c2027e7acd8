"""A submission: what a client may send (`form`), and its rules (`rules`)."""
