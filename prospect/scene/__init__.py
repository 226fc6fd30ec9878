"""
Look: the score over the terrain, as a picture and as a page one can turn.

Everything that touches OpenGL runs in a process of its own, because it ends by
segmentation fault where the machine lacks it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_probe": ["OffscreenStatus", "probe_offscreen"],
        "_scene": ["SceneFiles", "render_scene"],
    },
)
