"""`python -m fedplay` is the command `fedplay`."""

import sys

from fedplay.cli import main

sys.exit(main())
