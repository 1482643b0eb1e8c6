"""The edge controller: node frames below, a TALQ gateway above.

It never switches a lamp by itself: it brings what a CMS asked to the nodes, and what they say to
the CMS, and keeps both on disk in between. Read `gateway.py` first, then `translate.py`.
"""
