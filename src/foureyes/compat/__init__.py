"""Other libraries' modules and signatures, for programs that were written for them.

:mod:`foureyes.compat.cleanlab` stands where ``cleanlab`` stood: change the import, and the rest of the program stays.
"""
