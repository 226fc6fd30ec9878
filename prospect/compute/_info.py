"""What a person is told about the machines that compute."""

from __future__ import annotations

import html
from dataclasses import dataclass

WORDS = {
    "en": {
        "local": "in your own server",
        "gateway": "cluster beside your server",
        "workers": "Workers",
        "each": "{workers} of {memory}, one thread each",
        "of_cores": "{workers} of {memory}, {threads} threads each",
        "coming": " ({ready} ready so far)",
        "where": "Computes",
        "dashboard": "Dashboard",
    },
    "zh": {
        "local": "在您自己的服务器中",
        "gateway": "在您服务器旁的集群中",
        "workers": "工作进程",
        "each": "{workers} 个，每个 {memory}、单线程",
        "of_cores": "{workers} 个，每个 {memory}、{threads} 线程",
        "coming": "（已就绪 {ready} 个）",
        "where": "计算位置",
        "dashboard": "监视面板",
    },
}


@dataclass(frozen=True)
class Compute:
    """
    Where a client computes and with what.

    Parameters
    ----------
    where : str
        `"local"` or `"gateway"`.
    workers : int
        Processes asked for.
    memory : int
        Bytes of each.
    dashboard : str
        Address of the dashboard as the browser reaches it.
    threads : int
        Threads of each.
    ready : int
        Processes that have reported so far.
    lang : str
        Language of its look in notebooks, `"en"` or `"zh"`.

    Examples
    --------
    >>> Compute("local", 2, 2**30, "http://127.0.0.1:8787/status", ready=2)
    <Compute: local, 2 workers of 1.1 GB, dashboard http://127.0.0.1:8787/status>
    """

    where: str
    workers: int
    memory: int
    dashboard: str
    threads: int = 1
    ready: int = 0
    lang: str = "en"

    def __repr__(self) -> str:
        return (
            f"<Compute: {self.where}, {self.workers} workers of "
            f"{self.memory / 1e9:.1f} GB, dashboard {self.dashboard}>"
        )

    def _repr_html_(self) -> str:
        words = WORDS[self.lang]
        many = words["each" if self.threads == 1 else "of_cores"].format(
            workers=self.workers,
            memory=f"{self.memory / 1e9:.1f} GB",
            threads=self.threads,
        )
        if self.ready < self.workers:
            many += words["coming"].format(ready=self.ready)
        link = html.escape(self.dashboard, quote=True)
        rows = {
            words["where"]: words[self.where],
            words["workers"]: many,
            words["dashboard"]: f'<a href="{link}" target="_blank">{link}</a>',
        }
        cells = "".join(
            f'<tr><th style="text-align:left">{name}</th>'
            f'<td style="text-align:left">{value}</td></tr>'
            for name, value in rows.items()
        )
        return f"<table>{cells}</table>"
