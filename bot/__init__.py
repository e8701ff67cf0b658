"""The domain: knowledge, answering, storage. Imports no chat SDK and no web framework."""
