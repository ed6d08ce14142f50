"""The cleaning desk: a local page on which a person decides on suspect labels, one by one.

:class:`~foureyes.view.desk.desk.Desk` answers what the page asks, :class:`~foureyes.view.desk.site.DeskSite` by address.
"""
