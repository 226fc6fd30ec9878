"""Tell: curated notebooks, held to one anatomy, in two languages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_copy": ["NotebookCopy", "copy_notebook"],
        "_gallery": ["list_notebooks", "notebooks_folder"],
        "_notebook": ["Notebook"],
    },
)
