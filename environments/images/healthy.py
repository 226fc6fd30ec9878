"""Leave with 0 when the Jupyter server of this container answers, else with 1."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit

# under a hub the address is in the environment; alone it is that of the Dockerfile
served = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", "http://0.0.0.0:8888/"))
address = f"http://127.0.0.1:{served.port}{served.path.rstrip('/')}/api"
try:
    with urllib.request.urlopen(address, timeout=4):
        sys.exit(0)
except OSError as error:
    print(error)
    sys.exit(1)
