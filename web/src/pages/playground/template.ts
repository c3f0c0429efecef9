// The placeholders of messages; which they are, the editor knows.
import type {Schemas} from '../../api/client';
import {variablesOf as variablesOfTexts} from '../../editor/variables';

type Content = Schemas['Content'];

// What a model or a recorded call said, as text of a template: its braces stay braces.
export function escapeBraces(text: string): string {
  return /\\\{\{/.test(text) || variablesOfTexts([text]).length > 0 ? text.replaceAll('{{', '\\{{') : text;
}

export function escapeContent(content: Content): Content {
  if (typeof content === 'string') return escapeBraces(content);
  return content.map((part) => (part.type === 'text' ? {...part, text: escapeBraces(part.text)} : part));
}

function textsOf(content: Content): string[] {
  return typeof content === 'string' ? [content] : content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
}

// Names in order of first use. Tool messages are never filled in.
export function variablesOf(messages: readonly {role: string; content: Content}[]): string[] {
  return variablesOfTexts(messages.flatMap((message) => (message.role === 'tool' ? [] : textsOf(message.content))));
}
