"""From the boxes of words to lines in reading order. The entry point is `place`; `order` starts with a worked example.

Input: `words` (a word as it was read, with its box in pixels) and `direction` (whether a word runs from right to left).

1. `fragments`: chain neighbouring words into fragments; measure the slope of the text.
2. `columns`: find the gutter between two columns. `gutters` weighs the evidence for it.
3. `order`: cut the page at the gutters and join fragments into rows.
4. `order`: put regions, rows and words into reading order.
5. `letter_spacing`: join the letters of letter-spaced words.

Result: `place` returns the words and lines of a page as `schemas.Word` and `schemas.Line`.

May import: `schemas`.
"""
