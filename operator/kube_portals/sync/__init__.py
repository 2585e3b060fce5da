"""The one loop that carries changes from the store through plan, link and kernel to the report."""
