"""The API's HTTP server: waitress, with bounds on the cost of each connection.

`python -m app.server --bind 127.0.0.1:8000` serves app.wsgi. One thread reads all connections, and
a request gets a thread once it has arrived completely, so a slow or silent client holds none.
"""
