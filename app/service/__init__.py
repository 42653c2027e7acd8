"""The use cases: functions named for what their callers want, which are given the ports.

A use case that changes an execution also wakes who waits, counts, and starts the next chain, so it
is given all ports. Objects that outlive a call are given only the ports that they use.
"""
