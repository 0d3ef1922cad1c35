"""The report of a run: one self-contained HTML page, a pure function of its result.json.

page        sections in reading order           shell       the file around them: policy, styles, the one script
summary     the first screen                    score       the scores of one metric, read once
advice      warnings, findings, next steps      wording     what the page says in the result's language
scores      every metric, and distributions     formatting  numbers, money and times as people read them
topics      effect by topic and language        charts      pictures as inline SVG
learning    the learning curve                  markup      builds elements and escapes every string
coverage    training data against score         differences what only one of two answers says
judge       headroom, power, the judge
questions   each question with both answers; questions.js sorts and filters them
timeline    when things happened                cost        what was paid
provenance  what the run was made of

Pages about several runs: comparison (comparability: whether their scores may be compared, and what differs) and index.
"""

from finetuning.report.page import render

__all__ = ["render"]
