"""The `prospect` command: each verb parses, makes one public call, prints."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"_app": ["main"]}
)
