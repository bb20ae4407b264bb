"""The networks of the default engine: their weights, their model folders, and what runs them."""
