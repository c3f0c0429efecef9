"""licenses.py FOLDER LIBRARY…: the licences of everything that the tarball carries, into FOLDER.
licenses.py WHEEL LIBRARY…: the same of what the wheel carries, into the wheel.

Shared libraries, and Debian's headers that are compiled in, have theirs in their Debian package; the dashboard's
packages in web/node_modules; SQLite is in the public domain. README.txt lists all with their versions."""

import base64
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENT_COMPILED_IN = ["libexpected-dev", "libxxhash-dev"]
COMPILED_IN = ["libboost1.81-dev", "libcli11-dev", "libtomlplusplus-dev", *CLIENT_COMPILED_IN]
COMMON = pathlib.Path("/usr/share/common-licenses")

HEAD = """What this package carries of others, and under which terms.

Each library is Debian's build, unchanged but for its name, where it looks for its neighbours, and stripped symbols.
Its licence is in the file of its package's name; licences that those files refer to are in common/. The sources of the
named version are Debian's source package (https://snapshot.debian.org). The libraries are linked dynamically: you may
put another build of one of them in its place.

"""


def owner(file):
    """The Debian package of a file. Since /lib became a link to /usr/lib, either path may be the registered one."""
    path = str(pathlib.Path(file).resolve())
    for candidate in (path, path.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.splitlines()[0].split(": ")[0].split(":")[0]
    sys.exit(f"licenses: no Debian package owns {path}: its licence is not known")


def source_of(package):
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${source:Package} ${source:Version}", package],
                           capture_output=True, text=True, check=True)
    return shown.stdout.strip()


def debian(folder, packages):
    """Copies what each package's copyright file says, and the licences that it only names."""
    named = set()
    for package in packages:
        text = pathlib.Path(f"/usr/share/doc/{package}/copyright").read_text(errors="replace")
        (folder / f"{package}.txt").write_text(text)
        named |= set(re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9])", text))
    (folder / "common").mkdir()
    for name in sorted(named):
        if (COMMON / name).exists():
            shutil.copyfile(COMMON / name, folder / "common" / name)


def dashboard(file):
    """The packages that the lock file does not mark as for development only. The build leaves out some of them."""
    modules = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    with file.open("w") as out:
        for path, entry in sorted(modules.items()):
            folder = ROOT / "web" / path
            if path == "" or entry.get("dev") or not folder.is_dir():
                continue
            texts = sorted(p for p in folder.iterdir() if re.match(r"licen[cs]e", p.name, re.I) and p.is_file())
            name = path.rsplit("node_modules/", 1)[1]
            out.write(f"==== {name} {entry['version']}: {entry.get('license', 'see below')}\n\n")
            for text in texts:
                out.write(text.read_text(errors="replace").strip() + "\n\n")


def collect(folder, libraries, compiled_in):
    """Fills the folder; the README's lines, to which others may be added."""
    folder.mkdir(parents=True)
    owners = {pathlib.Path(library).name: owner(library) for library in libraries}
    debian(folder, sorted({*owners.values(), *compiled_in}))
    lines = [HEAD, f"{'FILE':<24} {'DEBIAN PACKAGE':<24} SOURCE PACKAGE AND VERSION\n"]
    for library, package in sorted(owners.items()):
        lines.append(f"lib/{library:<20} {package:<24} {source_of(package)}\n")
    for package in compiled_in:
        lines.append(f"{'(compiled in)':<24} {package:<24} {source_of(package)}\n")
    return lines


def of_tarball(folder, libraries):
    lines = collect(folder, libraries, COMPILED_IN)
    lines.append("(compiled in)            SQLite, public domain: https://sqlite.org/copyright.html\n")
    if (ROOT / "web" / "node_modules").is_dir():
        dashboard(folder / "dashboard.txt")
        lines.append("(the dashboard)          packages of npm: dashboard.txt\n")
    (folder / "README.txt").write_text("".join(lines))


def of_wheel(wheel, libraries):
    """Writes the wheel anew, with the licences of those libraries that auditwheel put into it, and a RECORD of them."""
    with zipfile.ZipFile(wheel) as old, tempfile.TemporaryDirectory() as scratch:
        bundled = [name.rsplit("/", 1)[1] for name in old.namelist() if ".libs/lib" in name]
        stems = {re.split(r"-[0-9a-f]{8}", name)[0] for name in bundled}  # auditwheel puts a hash behind the name
        carried = [library for library in libraries if pathlib.Path(library).name.split(".")[0] in stems]
        if len(carried) != len(stems):
            sys.exit(f"licenses: of {sorted(stems)} only {carried} are known")
        folder = pathlib.Path(scratch) / "bundled"
        lines = collect(folder, carried, CLIENT_COMPILED_IN)
        lines.append("(compiled in)            nanobind: nanobind.txt\n")
        (folder / "README.txt").write_text("".join(lines))
        shutil.copyfile(next(pathlib.Path(sys.prefix).glob("lib/*/site-packages/nanobind-*/licenses/LICENSE")),
                        folder / "nanobind.txt")
        record = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        place, rows = record.removesuffix("RECORD") + "licenses/bundled/", old.read(record).decode()
        fresh = pathlib.Path(scratch) / wheel.name
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                if entry.filename != record:
                    new.writestr(entry, old.read(entry), zipfile.ZIP_DEFLATED)
            for file in sorted(p for p in folder.rglob("*") if p.is_file()):
                name, data = place + str(file.relative_to(folder)), file.read_bytes()
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                rows += f"{name},sha256={digest},{len(data)}\n"
                new.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
            new.writestr(zipfile.ZipInfo(record), rows, zipfile.ZIP_DEFLATED)
        shutil.copyfile(fresh, wheel)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    (of_wheel if target.suffix == ".whl" else of_tarball)(target, sys.argv[2:])
