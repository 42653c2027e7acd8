"""Podline, the service. `create_app` makes the Flask application."""
