"""Datasets as people have them, made into records: read (`sources`), understood (`records`), divided (`division`)."""
