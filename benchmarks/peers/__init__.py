"""One module for each queue, all of one shape; see `benchmarks.producer.Peer`."""
