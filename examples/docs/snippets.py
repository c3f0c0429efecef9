"""snippets.py PAGE SOURCE: the ```cpp blocks of a page, in order, as the body of one program's main()."""

import pathlib
import re
import sys

page, source = map(pathlib.Path, sys.argv[1:])
blocks = re.findall(r"^```cpp\n(.*?)^```", page.read_text(), re.M | re.S)
pathlib.Path(source).write_text(f"""// Made from {page.name}.
#include <iostream>
#include <tracia/tracia.h>

static int stop(const tracia::Error& error) {{
  std::cerr << error.to_string() << "\\n";
  return 1;
}}

int main() {{
{"".join(blocks)}}}
""")
