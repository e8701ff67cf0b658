"""Reports in each of their formats. All of them show the same tables."""
