"""Step 2: `gutter` finds the gutter of two columns; `openings` are the places to try, `evidence` weighs them."""
