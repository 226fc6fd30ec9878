"""What `prospect hub user`, `backup` and `restore` say, in two languages."""

from __future__ import annotations

from ._shared import Language

WORDS = {
    Language.en: {
        "added": "{name} may sign in now.",
        "added_admin": "{name} may sign in now and looks after the hub.",
        "nobody": "Nobody yet. Add somebody: prospect hub user add NAME",
        "approved": "{name} may sign in now.",
        "removed": "{name} is no longer known here.",
        "kept": "The home lies now in {home}",
        "still_named": "hub.toml still names {name} in [projects] {projects}: take the "
        "name out, or whoever gets it next is a member.",
        "delete": "Delete {home} for good?",
        "password_set": "{name} has the new password. Browsers that are signed in to a "
        "running hub stay so; the page /hub/change-password/{name} signs them out.",
        "once": "Password, shown this once:",
        "ask": "Password",
        "ask_again": "The same again",
        "backed_up": "{archive}: {n} files, {size} MB",
        "changed": "Note: changed while it was read: {path}",
        "left_out": "Note: no file, left out: {path}",
        "secret": "The archive holds the hub's secrets: keep it where nobody else "
        "reads.",
        "restored": "{archive} is restored in {folder}. Then run: prospect hub up "
        "--folder {folder}",
        "waits": "waits for approval",
        "no_account": "no password yet",
        "admin": "administrator",
        "member": "member",
        "column_name": "Name",
        "column_role": "Role",
        "column_projects": "Projects",
        "column_seen": "Last seen",
        "column_server": "Server since",
    },
    Language.zh: {
        "added": "{name} 现在可以登录。",
        "added_admin": "{name} 现在可以登录，并拥有管理员权限。",
        "nobody": "尚无用户。添加用户：prospect hub user add NAME",
        "approved": "{name} 现在可以登录。",
        "removed": "已移除用户 {name}。",
        "kept": "其个人目录已移至 {home}",
        "still_named": "hub.toml 的 [projects] {projects} 中仍列有 {name}："
        "请删除该名称，否则以后使用此名称的人将成为项目成员。",
        "delete": "确定永久删除 {home}？",
        "password_set": "{name} 的新密码已生效。"
        "运行中的工作台上已登录的浏览器不受影响；在网页 /hub/change-password/{name} "
        "修改密码则会使其退出。",
        "once": "密码（仅显示这一次）：",
        "ask": "密码",
        "ask_again": "请再输入一次",
        "backed_up": "{archive}：{n} 个文件，{size} MB",
        "changed": "注意：备份期间文件发生变化：{path}",
        "left_out": "注意：不是普通文件，未备份：{path}",
        "secret": "备份中含有密钥：请妥善保管，勿让他人读取。",
        "restored": "已将 {archive} 恢复到 {folder}。然后运行：prospect hub up "
        "--folder {folder}",
        "waits": "等待批准",
        "no_account": "尚未设置密码",
        "admin": "管理员",
        "member": "成员",
        "column_name": "用户名",
        "column_role": "身份",
        "column_projects": "项目",
        "column_seen": "最近活动",
        "column_server": "服务器启动于",
    },
}
