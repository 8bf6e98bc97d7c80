"""The functions of the metrics on request, over all lanes at once, by the names of `core.metrics.on_request`."""
