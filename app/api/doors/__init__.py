"""Doors: protocols of other systems, each translated to the use cases of the API.

Each door is a package that validates the foreign body and writes the foreign response. What all
doors need is in the modules beside them.
"""
