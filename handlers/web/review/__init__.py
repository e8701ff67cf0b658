"""The partnership manager's pages: take-up and results, to look at, to go into, to print and to take away."""
