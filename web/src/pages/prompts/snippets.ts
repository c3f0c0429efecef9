// Code that runs a prompt, ready to paste.
export interface SnippetInput {
  url: string;
  slug: string;
  label: string | null;
  variables: readonly string[];
}

export const keyPlaceholder = 'tr_YOUR_API_KEY';

// JSON strings are string literals of all three languages too, once non-ASCII stands as it is.
const quoted = (text: string) => JSON.stringify(text);
// For a shell's single quotes.
const shell = (text: string) => text.replaceAll("'", `'\\''`);

export function python({url, slug, label, variables}: SnippetInput): string {
  const values = variables.length ? `{\n${variables.map((name) => `    ${quoted(name)}: "…",\n`).join('')}}` : '{}';
  return [
    label ? 'from tracia import RunOptions, Tracia' : 'from tracia import Tracia', '',
    `client = Tracia(api_key=${quoted(keyPlaceholder)}, base_url=${quoted(url)})`, '',
    `result = client.prompts.run(${quoted(slug)}, ${values}${label ? `, RunOptions(label=${quoted(label)})` : ''})`,
    'print(result.text, result.cost, result.prompt_version)', '',
  ].join('\n');
}

export function cpp({url, slug, label, variables}: SnippetInput): string {
  const values = variables.length ? `{\n${variables.map((name) => `      {${quoted(name)}, "…"},\n`).join('')}  }`
    : '{}';
  return [
    '#include <tracia/tracia.h>', '', '#include <iostream>', '', 'int main() {',
    `  tracia::Client client{{.api_key = ${quoted(keyPlaceholder)}, .base_url = ${quoted(url)}}};`,
    `  auto result = client.prompts().run(${quoted(slug)}, ${values}${label ? `, {.label = ${quoted(label)}}` : ''});`,
    '  if (!result) {', '    std::cerr << result.error().to_string() << "\\n";', '    return 1;', '  }',
    '  std::cout << result->text.value_or("") << "\\n";', '}', '',
  ].join('\n');
}

export function curl({url, slug, label, variables}: SnippetInput): string {
  const body = {
    ...(variables.length ? {variables: Object.fromEntries(variables.map((name) => [name, '…']))} : {}),
    ...(label ? {label} : {}),
  };
  return [
    `curl ${url}/api/v1/prompts/${slug}/run \\`,
    `  -H 'Authorization: Bearer ${keyPlaceholder}' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${shell(JSON.stringify(body, null, 2))}'`, '',
  ].join('\n');
}
