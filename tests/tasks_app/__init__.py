"""Tasks for tests, in an app of their own, as a product's would be."""
