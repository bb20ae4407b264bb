"""One script per figure in README and docs/results.md. `results/` holds the tables, with the findings in words."""
