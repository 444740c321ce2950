"""What a function is: equal to one of the catalogue, equal up to scale and shift, or nearest to one.

A linear layer before and one after absorb scale and shift: such functions train alike. Functions are compared by
fingerprint, their values in float64 on a grid.
"""
