"""The report of a run: one self-contained HTML page, a pure function of its result.json.

page        sections in reading order           shell       the file around them: policy, styles, the one script
completed   numbers that older documents lack   score       the scores of one metric, read once
summary     the first screen                    wording     what the page says in the result's language
advice      warnings, findings, next steps      formatting  numbers, money and times as people read them
scores      every metric, and distributions     charts      pictures as inline SVG
topics      effect by topic and language        markup      builds elements and escapes every string
learning    the learning curve                  differences what only one of two answers says
coverage    training data against score         judge       headroom, power, the judge
questions   each question with both answers     written     what people and models wrote, in full or shortened
            questions.js sorts and filters them
timeline    when things happened                cost        what was paid
provenance  what the run was made of

Pages about several runs: comparison (comparability: whether their scores may be compared, and what differs) and index.
"""

from finetuning.report.page import render

__all__ = ["render"]
