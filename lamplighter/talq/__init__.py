"""Both sides of TALQ played for others: a conformance checker and a scriptable counterpart.

It knows the model and nothing of our controller and CMS, which it checks as it does strangers.
Read `session_io.py` first.
"""
