"""Fitted models on disk, without pickle."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from survey import write_bytes, write_text

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

MODEL_FILE, INDEX_FILE = "model.skops", "model.json"

# Types outside scikit-learn and NumPy that a file may ask to be made.
TRUSTED = {
    "prospect.models._boosted.BoostedEnsemble",
    "prospect.models._forest.ForestClassifier",
    "prospect.models._logistic.LogisticClassifier",
    "prospect.models._pipeline.EvidencePipeline",
    "prospect.models._wofe.WeightsOfEvidence",
    "numpy.dtype",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.tree._tree.Tree",
}


def save_model(model: BaseEstimator, folder: str | Path) -> Path:
    """
    Write a fitted model to a folder.

    Parameters
    ----------
    model : estimator
        Made by `make_model` and fitted; other scikit-learn estimators too.
    folder : path
        Made if it is not there; files of an earlier model are replaced.

    Returns
    -------
    Path
        The folder, with `model.skops` and `model.json` (kind, columns, versions and the
        hash of the former).

    Raises
    ------
    TypeError
        If the model holds objects that could not be loaded safely again.
    """
    import sklearn
    import skops.io

    content = _same_bytes(skops.io.dumps(model))
    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - TRUSTED)
    if unknown:
        raise TypeError(
            f"the model holds objects of types {unknown}, which load_model refuses: "
            "use scikit-learn's own estimators or those of prospect.models"
        )
    index = {
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "features": [str(name) for name in getattr(model, "feature_names_in_", [])],
        "prior": getattr(model, "prior_", None),
        "scikit_learn": sklearn.__version__,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    folder = Path(folder)
    write_bytes(folder / MODEL_FILE, content)
    write_text(folder / INDEX_FILE, json.dumps(index, indent=2) + "\n")
    return folder


def _same_bytes(content: bytes) -> bytes:
    """
    Return the archive with counted names and no time.

    skops names arrays by their address in memory, so two saves of equal models would
    differ.
    """
    names: dict[str, int] = {}

    def count(old: object) -> int:
        return names.setdefault(str(old), len(names) + 1)

    def rename(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        node = dict(pairs)
        if "__id__" in node:
            node["__id__"] = count(node["__id__"])
        if isinstance(node.get("file"), str):
            file = PurePosixPath(node["file"])
            node["file"] = f"{count(file.stem)}{file.suffix}"
            files[str(file)] = node["file"]
        return node

    files: dict[str, str] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        schema = json.loads(old.read("schema.json"), object_pairs_hook=rename)
        for was, name in files.items():
            new.writestr(zipfile.ZipInfo(name), old.read(was))
        new.writestr(zipfile.ZipInfo("schema.json"), json.dumps(schema))
    return out.getvalue()


def load_model(folder: str | Path) -> BaseEstimator:
    """
    Model written by `save_model`.

    Parameters
    ----------
    folder : path
        Where it was saved.

    Returns
    -------
    estimator

    Raises
    ------
    FileNotFoundError
        If the folder holds no model.
    ValueError
        If the file is not the one that was saved or asks for types not trusted.
    """
    import skops.io

    folder = Path(folder)
    index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
    content = (folder / MODEL_FILE).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != index.get("sha256"):
        raise ValueError(
            f"{folder / MODEL_FILE} has changed since it was saved: its sha256 is "
            f"{digest[:12]}…, not {str(index.get('sha256'))[:12]}…. Fit and save again."
        )
    asked = set(skops.io.get_untrusted_types(data=content))
    if asked - TRUSTED:
        raise ValueError(
            f"{folder / MODEL_FILE} asks for types {sorted(asked - TRUSTED)}, which "
            "are not trusted: load only models saved by prospect.models.save_model"
        )
    return skops.io.loads(content, trusted=sorted(asked))
