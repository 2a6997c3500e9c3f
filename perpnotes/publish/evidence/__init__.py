"""What stands behind a public function: published examples that go through it, and the tests that execute it."""
