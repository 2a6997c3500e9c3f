"""One seeded hypothesis profile for every test: the same examples on every machine, and no timed failures."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")
