"""`python -m stages.app`: the program without an installation."""

from stages.app.program import main

main()
