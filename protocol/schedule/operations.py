"""The operations of astro controls and dynamic controls, in the order of their numbers."""

OPERATION_NAMES = ("set", "max", "min", "add", "sub", "mul")
SET_LEVEL, MAX_LEVEL, MIN_LEVEL, ADD_LEVEL, SUB_LEVEL, MUL_LEVEL = 0, 1, 2, 3, 4, 5


def applied(operation: int, level: int, other: int) -> int:
    """The level in percent after an operation with another; it stays within 0-100."""
    if operation == MAX_LEVEL:
        return max(level, other)
    if operation == MIN_LEVEL:
        return min(level, other)
    if operation == ADD_LEVEL:
        return min(100, level + other)
    if operation == SUB_LEVEL:
        return max(0, level - other)
    if operation == MUL_LEVEL:
        return (level * other + 50) // 100
    return other
