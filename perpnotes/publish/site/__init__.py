"""What is added to a site that a generator has written."""
