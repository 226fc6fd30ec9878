"""Tell: curated notebooks, held to one anatomy, in two languages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_anatomy": ["check_notebook"],
        "_build": ["Built", "build_notebooks"],
        "_catalogue": ["Counts", "update_catalogue"],
        "_copy": ["NotebookCopy", "copy_notebook"],
        "_gallery": ["list_notebooks", "notebooks_folder"],
        "_new": ["new_notebook"],
        "_notebook": ["Notebook"],
        "_run": ["NotebookRun", "run_notebook"],
        "_source": ["read_source"],
        "_thumbnail": ["make_thumbnail"],
    },
)
