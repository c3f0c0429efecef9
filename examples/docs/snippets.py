"""What the documents show, as programs: the ```python and ```cpp blocks of a page, in order, and what they should print.

    print(2 + 1)                   # -> 3            the line printed last must read so
    std::cout << text << "\\n";    // -> Hello…      "…" stands for any text

snippets.py SOURCE FRAME PAGE…: one C++ program of all pages, one function each, in the frame that the page FRAME shows.
It runs the page that is its argument, and marks in its output where something was shown.
"""

import pathlib
import re
import sys

BODY = "int main() {\n  // the snippets of a page, in order\n}\n"
SHOWN = re.compile(r"^(\s*)(.*?)\s*(?:#|//) -> (.+)$")  # alone on its line, it is of the line before
MARK = "\x1e"  # in the output: MARK, the line of the page, a line break


def blocks(page, language):
    """[(the line where it begins, the text)]; the frame is none."""
    text = page.read_text()
    found = re.finditer(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    return [(text[:each.start(1)].count("\n") + 1, each[1]) for each in found if BODY not in each[1]]


def lines_of(page, language):
    """(the line's number on the page, its code, what it says is printed or None)"""
    for start, text in blocks(page, language):
        for number, line in enumerate(text.splitlines(), start):
            match = SHOWN.match(line)
            yield (number, match[1] + (match[2] and match[2] + "; "), match[3]) if match else (number, line, None)


def python_source(page):
    """The page's Python, its lines where the page has them; `shown(line)` follows what shows its output."""
    lines = [""] * len(page.read_text().splitlines())
    for number, code, expected in lines_of(page, "python"):
        lines[number - 1] = code if expected is None else f"{code}shown({number})"
    return "\n".join(lines) + "\n"


def output_of_each(output):
    """{line: what had been printed last when it was reached}, of a C++ program's output."""
    pieces = re.split(rf"{MARK}(\d+)\n", output)
    return {int(line): text for text, line in zip(pieces[0::2], pieces[1::2])}


def differences(page, language, printed):
    """What the page shows and its program did not: `printed` as output_of_each() gives it."""
    found = []
    for number, _, expected in lines_of(page, language):
        if expected is None:
            continue
        last = (printed.get(number, "").rstrip("\n").splitlines() or [""])[-1].strip()
        pattern = ".*".join(re.escape(piece) for piece in expected.strip().split("…"))
        if number not in printed:
            found.append(f"{page.name}:{number} was never reached")
        elif not re.fullmatch(pattern, last):
            found.append(f"{page.name}:{number} shows {expected!r}, printed was {last!r}")
    return found


def cpp_function(page, number):
    lines = [f"static int page_{number}() {{"]
    for start, text in blocks(page, "cpp"):
        lines.append(f'#line {start} "{page.name}"')
        for at, line in enumerate(text.splitlines(), start):
            match = SHOWN.match(line)
            lines.append(f'{match[2]} std::cout << "\\036{at}\\n";' if match else line)
    return "\n".join([*lines, "return 0;", "}"])


def cpp_program(frame, pages):
    around = re.search(rf"^```cpp\n(.*?){re.escape(BODY)}```", frame.read_text(), re.M | re.S)[1]
    functions = [cpp_function(page, number) for number, page in enumerate(pages)]
    calls = [f'  if (page == "{page.stem}") return page_{number}();' for number, page in enumerate(pages)]
    return "\n".join([around, *functions, "int main(int, char** argv) {", "  const std::string page = argv[1];", *calls,
                      "  return 2;", "}", ""])


def main():
    source, frame, *pages = map(pathlib.Path, sys.argv[1:])
    source.write_text(cpp_program(frame, [page for page in pages if blocks(page, "cpp")]))


if __name__ == "__main__":
    main()
