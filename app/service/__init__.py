"""The use cases: functions named for what their callers want.

Each is given the ports that it uses, if these are one or two. One that changes an execution also
wakes who waits, counts, and starts the next chain, so it is given all of them.
"""
