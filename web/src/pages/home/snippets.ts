// What to paste into one's own code, with this server's address, the project's key and a prompt that exists.
import type {Schemas} from '../../api/client';

export const languages = [
  {value: 'python', label: 'Python'},
  {value: 'cpp', label: 'C++'},
  {value: 'curl', label: 'curl'},
  {value: 'openai', label: 'OpenAI client'},
  {value: 'otel', label: 'OpenTelemetry'},
] as const;
export type Language = (typeof languages)[number]['value'];

export interface SnippetInput {
  url: string; // of the server, without a slash at its end
  key: string;
  model: string;
  prompt: Pick<Schemas['PromptSummary'], 'slug' | 'variables'> | null;
}

const quoted = (text: string) => JSON.stringify(text);

// A value in single quotes for a shell.
const shell = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

export function snippet(language: Language, {url, key, model, prompt}: SnippetInput): {code: string; about: string} {
  const variables = prompt?.variables ?? [];
  switch (language) {
    case 'python': {
      const values = variables.map((name) => `${quoted(name)}: "…"`).join(', ');
      const body = prompt
        ? [`result = client.prompts.run(${quoted(prompt.slug)}, {${values}})`]
        : [
            'result = client.run_local(',
            `    model=${quoted(model)},`,
            '    messages=[{"role": "user", "content": "What is a tram? One sentence."}],',
            ')',
          ];
      return {
        about: 'The package is in the folder “python” of Tracia’s source: pip install ./python',
        code: [
          'from tracia import Tracia',
          '',
          `client = Tracia(api_key=${quoted(key)}, base_url=${quoted(url)})`,
          '',
          ...body,
          'print(result.text)',
          'client.flush()',
        ].join('\n'),
      };
    }
    case 'cpp': {
      const values = variables.map((name) => `{${quoted(name)}, "…"}`).join(', ');
      const run = prompt
        ? `client.prompts().run(${quoted(prompt.slug)}, {${values}})`
        : `client.run_local({.model = ${quoted(model)}, .messages = {tracia::user("What is a tram?")}})`;
      return {
        about: 'Link tracia::client; “./dev install” puts the library in place.',
        code: [
          '#include <tracia/tracia.h>',
          '',
          '#include <iostream>',
          '',
          'int main() {',
          `  tracia::Client client{{.api_key = ${quoted(key)}, .base_url = ${quoted(url)}}};`,
          `  auto result = ${run};`,
          '  if (!result) {',
          '    std::cerr << result.error().to_string() << "\\n";',
          '    return 1;',
          '  }',
          `  std::cout << ${prompt ? 'result->text.value_or("")' : 'result->text'} << "\\n";`,
          '}',
        ].join('\n'),
      };
    }
    case 'curl': {
      const body = prompt
        ? {variables: Object.fromEntries(variables.map((name) => [name, '…']))}
        : {model, content: [{role: 'user', content: 'What is a tram? One sentence.'}]};
      const path = prompt ? `/api/v1/prompts/${encodeURIComponent(prompt.slug)}/run` : '/api/v1/run';
      return {
        about: prompt
          ? 'Runs the stored prompt; its text can change without changing your code.'
          : 'Calls a model through this server.',
        code: [
          `curl ${url}${path} \\`,
          `  -H "Authorization: Bearer ${key}" \\`,
          '  -H "Content-Type: application/json" \\',
          `  -d ${shell(JSON.stringify(body))}`,
        ].join('\n'),
      };
    }
    case 'openai':
      return {
        about: 'Any OpenAI client works: point it here. Models of every provider go through it.',
        code: [
          'from openai import OpenAI',
          '',
          `client = OpenAI(base_url=${quoted(`${url}/v1`)}, api_key=${quoted(key)})`,
          'answer = client.chat.completions.create(',
          `    model=${quoted(model)},`,
          '    messages=[{"role": "user", "content": "What is a tram? One sentence."}],',
          ')',
          'print(answer.choices[0].message.content)',
        ].join('\n'),
      };
    case 'otel':
      return {
        about: 'For applications that are instrumented already. Nothing of Tracia has to be installed in them.',
        code: [
          `export OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
          'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
          `export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer ${key}"`,
        ].join('\n'),
      };
  }
}
