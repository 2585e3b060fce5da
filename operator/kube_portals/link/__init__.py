"""The messages between operator and agent, and both ends of the socket."""
