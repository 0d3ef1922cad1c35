"""The report of a run: one self-contained HTML page, a pure function of its result.json.

page      puts the page together            markup      builds elements and escapes every string
summary   what happened, why, what next     formatting  numbers, money and times as people read them
evaluation  scores, topics, questions       charts      inline SVG pictures
record    cost, timeline, provenance        style.css   the page's only style sheet
"""

from finetuning.report.page import render

__all__ = ["render"]
