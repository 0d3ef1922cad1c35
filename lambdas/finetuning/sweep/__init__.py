"""A sweep: a grid of runs, of which only the best of each base model is evaluated, compared on one page.

plan.py   which runs, with which inputs and limits
runs.py   starting them, looking at them, stopping them, in whichever region they are
store.py  the layout of a sweep in the results bucket
best.py   which of them is evaluated
"""
