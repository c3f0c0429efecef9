// Prompts to begin with: small, useful, each with values to try it on.
import type {Schemas} from '../../api/client';

export interface Example {
  name: string;
  about: string;
  content: Schemas['PromptMessageInput'][];
  variables: Record<string, string>;
}

export const examples: readonly Example[] = [
  {
    name: 'Welcome email',
    about: 'Writes a short email to a new customer.',
    content: [
      {role: 'system', content: 'You write short, friendly emails for {{product}}. Never more than 80 words.'},
      {role: 'user', content: 'Welcome {{name}} to {{product}}.'},
    ],
    variables: {product: 'Lumen Notes', name: 'Ada'},
  },
  {
    name: 'Support answer',
    about: 'Answers a question in a calm tone.',
    content: [
      {role: 'system', content: 'You are a support agent. Be kind and exact. If you do not know, say so.'},
      {role: 'user', content: '{{question}}'},
    ],
    variables: {question: 'How do I reset my password?'},
  },
  {
    name: 'Summary',
    about: 'Turns a long text into three sentences.',
    content: [{role: 'user', content: 'Summarise this text in three plain sentences:\n\n{{text}}'}],
    variables: {
      text:
        'A tram is a train that runs on the streets of a city. The first ones were pulled by horses. ' +
        'Today they run on electricity, and many cities that once gave them up are building them again.',
    },
  },
];
