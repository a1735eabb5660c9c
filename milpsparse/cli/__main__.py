"""python -m milpsparse.cli."""

from milpsparse.cli import main

if __name__ == "__main__":
    main()
