"""The report of a run: one self-contained HTML page, a pure function of its result.json.

page        puts the page together              score       the scores of one metric, read once
summary     what happened, why, what next       formatting  numbers, money and times as people read them
evaluation  scores and topics                   charts      pictures as inline SVG
learning    the learning curve                  markup      builds elements and escapes every string
questions   each question with both answers     style.css   the page's only style sheet
record      cost, timeline, provenance
"""

from finetuning.report.page import render

__all__ = ["render"]
