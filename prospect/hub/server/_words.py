"""What the hub says to people, in English and Chinese."""

from __future__ import annotations

WORDS = {
    "locked": (
        "Too many wrong passwords. Try again in {minutes} minutes; if you have lost "
        "your password, an administrator can give you a new one.",
        "密码错误次数过多，请在 {minutes} 分钟后重试；若忘记密码，请联系管理员重置。",
    ),
    "waiting": (
        "Your account waits for an administrator's approval.",
        "您的账户正在等待管理员批准。",
    ),
    "name": (
        "This cannot be a user name: it starts with a small letter a-z, then come "
        "letters, digits, '_', '-' or '.', at most 24.",
        "用户名无效：须以小写字母 a-z 开头，其后可用字母、数字、“_”、“-”或“.”，"
        "最多 24 个字符。",
    ),
    "reserved": (
        "This name is kept for an administrator: the account is made on the hub's "
        "machine with: prospect hub user add NAME --admin",
        "此用户名保留给管理员，须在工作台主机上创建："
        "prospect hub user add NAME --admin",
    ),
    "taken": (
        "This user name is taken. Choose another one.",
        "此用户名已被使用，请换一个。",
    ),
    "different": (
        "The two passwords differ. Type them again.",
        "两次输入的密码不一致，请重新输入。",
    ),
    "password": (
        "The password needs at least {shortest} characters (and at most 72 bytes) and "
        "must not be a common one.",
        "密码至少 {shortest} 个字符（最长 72 字节），且不能是常见密码。",
    ),
    "crowded": (
        "Too many people wait for approval. Ask an administrator.",
        "等待批准的人数过多，请联系管理员。",
    ),
    "sent": (
        "Your request is with the administrator. You can sign in once it is approved.",
        "您的申请已提交，管理员批准后即可登录。",
    ),
    "welcome": (
        "Your account is ready: sign in now.",
        "账户已创建，请登录。",
    ),
    "unknown": (
        "Nobody of this name has signed up.",
        "没有此用户名的申请。",
    ),
    "memory": (
        "One of your programs, most likely a notebook's kernel, was stopped: together "
        "they reached your memory limit of {limit}. Files and other notebooks are "
        "safe; what that kernel held in memory is gone. Work on a smaller window, "
        "close kernels you do not need, or start a Dask cluster.",
        "您的一个程序（多半是笔记本内核）已被停止：所用内存达到您的上限 {limit}。"
        "文件和其他笔记本不受影响，但该内核内存中的内容已丢失。"
        "请缩小处理范围、关闭不用的内核，或启动 Dask 集群。",
    ),
    "processes": (
        "Your programs reached the limit of {limit} processes and threads; new ones "
        "were refused. Close kernels or terminals you do not need.",
        "您的程序已达到进程与线程上限 {limit} 个，无法再启动新的。"
        "请关闭不用的内核或终端。",
    ),
    "membership": (
        "You are no longer a member of the project {limit}; your server was stopped "
        "so that this takes effect. Start it again to go on.",
        "您已不再是项目 {limit} 的成员；为使其生效，您的服务器已停止。"
        "重新启动后即可继续。",
    ),
    "start": (
        "Your server could not be started: {reason}. Tell an administrator.",
        "无法启动您的服务器：{reason}。请告知管理员。",
    ),
}


def say(word: str, language: str, **values: object) -> str:
    """
    Return a message in `"en"` or `"zh"`.

    Examples
    --------
    >>> say("taken", "en")
    'This user name is taken. Choose another one.'
    """
    return WORDS[word][language == "zh"].format(**values)
