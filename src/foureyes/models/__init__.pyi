from .catalog import open_reader as open_reader
from .catalog import open_writer as open_writer
from .roles import Answerer as Answerer
from .roles import Judge as Judge
from .roles import Reader as Reader
from .roles import Sampling as Sampling
from .roles import Writer as Writer
