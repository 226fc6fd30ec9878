"""Run code in a kernel of a person's server, through the proxy, as a browser would."""

import json
import uuid

import websocket

from .._harness import request

DIED = "[kernel died]"


def start_kernel(url, token):
    """Number of a new kernel."""
    answer = request(f"{url}/api/kernels", method="POST", body={}, token=token)
    return answer.json()["id"]


def run_code(url, token, code, *, kernel=None, seconds=60):
    """What code prints or raises; `DIED` when the kernel ended on it."""
    kernel = kernel or start_kernel(url, token)
    channel = websocket.create_connection(
        f"{url.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels",
        header=[f"Authorization: token {token}"],
        timeout=seconds,
    )
    try:
        number = uuid.uuid4().hex
        channel.send(json.dumps(message(number, code)))
        return listen(channel, number)
    finally:
        channel.close()


def message(number, code):
    """A request to execute code, in Jupyter's messaging protocol."""
    return {
        "channel": "shell",
        "header": {
            "msg_id": number,
            "msg_type": "execute_request",
            "session": number,
            "username": "",
            "date": "",
            "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "buffers": [],
        "content": {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        },
    }


def listen(channel, number):
    """Collect what comes for one request."""
    said = ""
    while True:
        heard = json.loads(channel.recv())
        content, kind = heard["content"], heard["msg_type"]
        state = content.get("execution_state")
        if kind == "status" and state in {"restarting", "autorestarting", "dead"}:
            return said + DIED
        if heard["parent_header"].get("msg_id") != number:
            continue
        if kind == "stream":
            said += content["text"]
        elif kind == "error":
            said += f"{content['ename']}: {content['evalue']}"
        elif kind == "status" and state == "idle":
            return said
