"""The HTTP server of the API: waitress, with bounds on what a connection may cost.

`python -m app.server --bind 127.0.0.1:8000` serves app.wsgi. One thread reads all connections, so a
client that is slow or silent holds no thread; a request gets one once it has arrived whole.
"""
