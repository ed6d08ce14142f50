"""GGUF files read as they are, through llama.cpp and without torch.

Importing this package needs the extra ``gguf``; nothing above it imports it before a model is opened.
"""

from foureyes.models.llama_cpp.reader import LlamaCppReader

__all__ = ["LlamaCppReader"]
