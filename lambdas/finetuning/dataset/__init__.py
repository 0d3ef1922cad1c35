"""The rules of a dataset's files, and a run's own copy of them.

Datasets are kept in Claude's messages format; evaluation data has a question, a reference answer and a topic a line.
Files are streamed: memory is bounded by the longest line allowed, not by the file.

validation.py   everything there is to say of a dataset, for the command and for the workflow
files.py        one file, or the files as a whole
fast.py         many lines that are right, at once;  rules.py, parsing.py: one line, explained
codes.py        the catalogue of findings
fixing.py       what can be mended without judgement
"""
