// The placeholders of messages, read as the server reads them (libs/prompt, template.cpp).
import type {Schemas} from '../../api/client';

type Content = Schemas['Content'];

const placeholder = /\\\{\{|\{\{[ \t]*([A-Za-z0-9_\u0080-\uffff]+)[ \t]*\}\}/g;

// Names in order of first use.
export function variablesIn(text: string): string[] {
  const names = new Set<string>();
  for (const match of text.matchAll(placeholder)) if (match[1]) names.add(match[1]);
  return [...names];
}

// What a model or a recorded call said, as text of a template: its braces stay braces.
export function escapeBraces(text: string): string {
  placeholder.lastIndex = 0;
  return placeholder.test(text) ? text.replaceAll('{{', '\\{{') : text;
}

export function escapeContent(content: Content): Content {
  if (typeof content === 'string') return escapeBraces(content);
  return content.map((part) => (part.type === 'text' ? {...part, text: escapeBraces(part.text)} : part));
}

// Tool messages are never filled in.
export function variablesOf(messages: readonly {role: string; content: Content}[]): string[] {
  const names = new Set<string>();
  for (const message of messages) {
    if (message.role === 'tool') continue;
    const parts = typeof message.content === 'string' ? [{type: 'text' as const, text: message.content}] : message.content;
    for (const part of parts) if (part.type === 'text') variablesIn(part.text).forEach((name) => names.add(name));
  }
  return [...names];
}
