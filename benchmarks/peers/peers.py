"""Other people's gateways and collectors beside ours, in one run: ./dev bench peers [NAME…]. Each is installed into
build/peers when it is first asked for, with the versions that are pinned beside this file."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import collectors  # noqa: E402
import gateways  # noqa: E402


def main(names):
    known = [*gateways.PEERS, *collectors.PEERS]
    for name in names:
        if name not in known:
            raise SystemExit(f"peers: no '{name}'; there are {', '.join(known)}")
    folder = pathlib.Path(os.environ.get("TRACIA_BENCH_FOLDER", "."))
    for kind, module in (("gateways", gateways), ("collectors", collectors)):
        chosen = [name for name in names or known if name in module.PEERS]
        if chosen:
            (folder / f"peers_{kind}.rows.json").write_text(json.dumps(vars(module.compare(chosen))))


if __name__ == "__main__":
    main(sys.argv[1:])
