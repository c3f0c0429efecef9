// What a developer pastes to use a project: the same call in each way that there is.
export interface Snippet {
  name: string;
  language: string;
  code: string;
}

// Within a text in quotes of Python, C++ and JSON alike.
const quoted = (text: string) => JSON.stringify(text);
// Within single quotes of a shell.
const shell = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

export interface SnippetValues {
  url: string; // of this server
  key: string; // of the project, or what stands for it
  prompt?: string; // the slug of a stored prompt
  model?: string;
}

export function snippets({url, key, prompt = 'welcome-email', model = 'gpt-4o-mini'}: SnippetValues): Snippet[] {
  return [
    {
      name: 'Python',
      language: 'python',
      code: `# pip install ./python, in Tracia’s folder
from tracia import Tracia

with Tracia(api_key=${quoted(key)}, base_url=${quoted(url)}) as client:
    result = client.prompts.run(${quoted(prompt)}, {"name": "Ada"})
    print(result.text)
`,
    },
    {
      name: 'OpenAI client',
      language: 'python',
      code: `from openai import OpenAI

client = OpenAI(api_key=${quoted(key)}, base_url=${quoted(`${url}/v1`)})
answer = client.chat.completions.create(
    model=${quoted(model)},
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)
`,
    },
    {
      name: 'curl',
      language: 'shell',
      code: `curl -s ${shell(`${url}/api/v1/prompts/${encodeURIComponent(prompt)}/run`)} \\
  -H ${shell(`Authorization: Bearer ${key}`)} \\
  -d '{"variables": {"name": "Ada"}}'
`,
    },
    {
      name: 'C++',
      language: 'cpp',
      code: `// TRACIA_API_KEY=${key}
// TRACIA_BASE_URL=${url}
#include <tracia/tracia.h>

#include <iostream>

int main() {
  tracia::Client client;
  auto result = client.run_local({.model = ${quoted(model)}, .messages = {tracia::user("Hello!")}});
  std::cout << (result ? result->text : result.error().to_string()) << "\\n";
}
`,
    },
    {
      name: 'OpenTelemetry',
      language: 'shell',
      code: `export OTEL_EXPORTER_OTLP_ENDPOINT=${shell(url)}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_HEADERS=${shell(`Authorization=Bearer ${key}`)}
`,
    },
  ];
}
