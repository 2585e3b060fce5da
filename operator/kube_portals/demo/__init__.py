"""A node, pods and clients in network namespaces, for the demo and for tests."""
