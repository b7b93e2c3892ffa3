"""``python -m jobs …``: the command line where no ``roadmap`` is on the path."""

from jobs.cli import main

main()
