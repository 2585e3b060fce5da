"""A plan becomes nftables rules; everything that speaks netlink."""
