"""The sweep: which configurations are trained, in what order, and what is remembered of them."""
