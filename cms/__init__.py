"""Central management: the TALQ CMS side, the operator API, storage and the pages.

It never speaks to a node or a broker; what it knows of the street came over TALQ. Read
`fleet.py` first: what becomes of everything that a gateway says.
"""

__all__: list[str] = []
