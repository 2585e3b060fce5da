"""A Kubernetes Service proxy that leads portals to local proxy ports and relays behind them."""

__version__ = "0.1.0"
