"""The drafts that can be prepared: what a rule of a pack may name as its template.

The packs that name them and the templates themselves belong to two services, which never read each
other's files. Here is the list that both keep; a test holds the templates to it.
"""

TEMPLATES = frozenset({"srp-aev-early-warning", "srp-aev-notification", "srp-aev-final", "us-806"})
