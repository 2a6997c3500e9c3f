"""What an author can put on a page."""
