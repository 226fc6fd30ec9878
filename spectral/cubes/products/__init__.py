"""Readers of products as agencies deliver them: one file a family."""
