"""Run as a person: connect, compute, say what came out as one line of JSON."""

import json
import os
import sys
import time

if __name__ == "__main__":
    from prospect.compute import connect

    wishes = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    start = time.monotonic()
    with connect(**wishes) as client:
        connected = time.monotonic() - start
        answer = client.submit(sum, [1, 2, 3]).result()
        first = time.monotonic() - start
        told = {
            "connected": round(connected, 2),
            "first": round(first, 2),
            "answer": answer,
            "uids": sorted(set(client.run(os.getuid).values())),
            "home": sorted(set(client.run(os.environ.get, "HOME").values())),
            "repr": repr(client),
            "html": client._repr_html_(),
            "link": client.info.dashboard,
            "where": client.info.where,
        }
    sys.stdout.write(json.dumps(told) + "\n")
