"""What an activation is like, measured: range, shape, slope, fixed points, moments, what depth does to a gradient.

Everything is sampled in float64 from f and f' alone, on a grid that meets no kink, on points far out, and by
quadrature; so a property is a measurement, not a proof. Values that are not finite far out are left aside.
"""
