"""Forms that floats compute well: without overflow, without cancellation, finite in pieces that are not taken."""
