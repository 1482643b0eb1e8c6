"""The site's own certificate authority, for TLS between controllers and the CMS.

It issues, renews and revokes; which certificate may do what, the programs decide that see it
(cms/talq, controller/io). Read `authority.py` first.
"""

from .authority import Authority, Holder, Issued
from .folder_io import Folder, PkiError

__all__ = ["Authority", "Folder", "Holder", "Issued", "PkiError"]
