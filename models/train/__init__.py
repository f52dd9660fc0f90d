"""How `stopline-nano` is made: `python -m models.train`. Needs the extra `train`; nothing else in Stopline does."""
