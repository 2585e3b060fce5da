"""The agent: listeners on proxy ports, the balancer, the TCP and UDP relay."""
