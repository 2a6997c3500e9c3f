"""`python -m perpnotes.publish`: what a contributor types, from the root of the repository."""

import sys

from perpnotes.publish.cli import main

sys.exit(main())
