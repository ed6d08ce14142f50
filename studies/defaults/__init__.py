"""Are our defaults the best choice on published data? ``python -m studies.defaults --data FOLDER``.

Each module measures one verb's defaults against their alternatives and rivals: :mod:`~studies.defaults.calibration`,
:mod:`~studies.defaults.cascade`, :mod:`~studies.defaults.cleaning`, :mod:`~studies.defaults.promises`.
"""
