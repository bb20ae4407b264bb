"""One script for each claim that README and docs/results.md make."""
