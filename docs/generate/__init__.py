"""What of the documentation is made from the code: `python -m docs.generate` writes it anew.

tests/docs holds that the pages have what the code gives.
"""
