"""``python -m jobs …``: the command line where no ``roadmap`` is on the path."""

from jobs.cli import main

if __name__ == "__main__":
    main()
