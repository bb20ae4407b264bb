"""Steps 3 and 5: `join` and `row` make rows, `stacks` cuts rows of boxes, `letter_spacing` joins letters to words."""
