"""Training: speed of the loader and of a step, padding, what runs learn and what hidden boxes teach,
and the picture of the README."""
