"""Take-up and results: figures, each defined once; reports; the weekly digest."""
