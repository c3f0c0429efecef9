// {{variables}} of a text, found as the server finds them (libs/prompt/src/template.cpp): blanks inside the braces are
// allowed, \{{ is a literal {{.
export interface Placeholder {
  name: string;
  from: number;
  to: number;
}

export function placeholders(text: string): Placeholder[] {
  const found: Placeholder[] = [];
  const pattern = /\{\{[ \t]*([\w\u0080-\uffff]+)[ \t]*\}\}/y;
  let start = 0; // of the literal text before the next placeholder
  for (let i = text.indexOf('{{'); i >= 0; i = text.indexOf('{{', i)) {
    if (i > start && text[i - 1] === '\\') {
      start = i;
      i += 2;
      continue;
    }
    pattern.lastIndex = i;
    const match = pattern.exec(text);
    if (!match) {
      i += 1; // "{{{name}}" holds a placeholder one character on
      continue;
    }
    found.push({name: match[1]!, from: i, to: pattern.lastIndex});
    start = i = pattern.lastIndex;
  }
  return found;
}

// The names in several texts, in order of first use.
export function variablesOf(texts: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const text of texts) for (const placeholder of placeholders(text)) names.add(placeholder.name);
  return [...names];
}
