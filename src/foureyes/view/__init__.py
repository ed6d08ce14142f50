"""``foureyes view``: scored files looked at row by row, worst first, by people who say what is right and what is wrong.

A file is indexed once (:mod:`foureyes.view.file_index`), then sorted and filtered by its columns (:mod:`foureyes.view.ordering`);
rows themselves are read from the file when they are shown. :mod:`foureyes.view.api` is the contract between page and server.
"""
