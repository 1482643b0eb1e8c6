"""Tools of the developers: what is derived from tables, and installation."""
