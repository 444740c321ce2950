"""The battery: what an activation must pass, and what the battery says of it."""
