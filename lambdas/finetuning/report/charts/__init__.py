"""Pictures as inline SVG: a module each.

Colours, line widths and text sizes come from charts.css, so that themes, phones and print can change them. A picture is
either an image with a text alternative, or hidden from assistive technology where the numbers stand beside it.
"""
