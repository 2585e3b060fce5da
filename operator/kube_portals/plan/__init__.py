"""Decisions as pure functions: which portals a Service has, who owns them, what leads where."""
