"""From the boxes of words to lines in reading order. The entry point is `place`; `order` starts with a worked example.

Input: `words` (a word as it was read, with its box in pixels) and `direction` (whether a word runs from right to left).

0. `order`: set aside rotated runs. `vertical`: separate vertical words from horizontal ones.
1. `fragments`: chain neighbouring words into fragments; measure the slope of the text. `boxes` removes drop caps and
   slope from the boxes.
2. `columns`: find the gutter between two columns.
3. `rows`: join fragments into rows; cut rows of boxes with a label above each value into the boxes.
4. `regions`: cut the page at the gutters; put regions, rows and words into reading order.
5. `rows.letter_spacing`: join the letters of letter-spaced words.

Steps 1 and 3 find neighbours with `neighbours`; all searches go through `nearby`. The work grows like n log n with the
number of words.

Result: `place` returns the words and lines of a page as `schemas.Word` and `schemas.Line`.

May import: `schemas`.
"""
