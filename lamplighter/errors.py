"""What the commands stumble over."""


class MissingError(Exception):
    """Something that is needed is not there: a port, a broker, a program, a file (exit code 3)."""
