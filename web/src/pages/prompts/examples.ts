// What a new prompt can begin with: prompts that show what is possible, each ready to run.
import type {Schemas} from '../../api/client';

export interface Example {
  key: string;
  name: string;
  what: string;
  content: Omit<Schemas['PromptCreate'], 'name' | 'slug' | 'provider' | 'model' | 'note'>;
  variables: Record<string, string>; // to try it with
}

const text = (role: 'system' | 'user', content: string) => ({role, content});

export const examples: Example[] = [
  {
    key: 'welcome', name: 'Welcome email', what: 'A short, friendly text from a few facts.',
    content: {
      temperature: 0.7, maxOutputTokens: 400,
      content: [
        text('system', 'You write short, friendly emails for {{product}}. Plain words, at most 80 of them. No exclamation marks.'),
        text('user', 'Welcome {{name}}, who signed up today. They want to {{goal}}.'),
      ],
    },
    variables: {product: 'Tracia', name: 'Ada', goal: 'see what their assistant costs'},
  },
  {
    key: 'triage', name: 'Support triage', what: 'Sorts a message, and answers as JSON that code can read.',
    content: {
      temperature: 0, maxOutputTokens: 300,
      content: [
        text('system', 'You sort messages of customers. “urgent” means that they cannot work. Summarise in one sentence of at most 20 words.'),
        text('user', '{{message}}'),
      ],
      outputSchema: {
        type: 'object',
        properties: {
          topic: {type: 'string', enum: ['billing', 'bug', 'question', 'other']},
          urgent: {type: 'boolean'},
          summary: {type: 'string'},
        },
        required: ['topic', 'urgent', 'summary'],
        additionalProperties: false,
      },
    },
    variables: {message: 'Since this morning nobody in our office can sign in. Please help!'},
  },
  {
    key: 'answer', name: 'Answer from documents',
      what: 'Answers a question from your text only, and says when it cannot.',
    content: {
      temperature: 0.2, maxOutputTokens: 600,
      content: [
        text('system', 'Answer from the documents below, and from nothing else. If they do not hold the answer, say so.\n\n<documents>\n{{documents}}\n</documents>'),
        text('user', '{{question}}'),
      ],
    },
    variables: {documents: 'Orders are sent within two days. Returns are free for 30 days.',
      question: 'How long can I return an order?'},
  },
  {
    key: 'tools', name: 'Assistant with a tool', what: 'Asks your code for facts it does not have.',
    content: {
      temperature: 0.3, maxOutputTokens: 500,
      content: [
        text('system', 'You help customers of {{shop}}. Look an order up before you say anything about it.'),
        text('user', '{{question}}'),
      ],
      tools: [{
        name: 'get_order', description: 'Looks an order up by its number.',
        parameters: {type: 'object', properties: {number: {type: 'string', description: 'Such as “A-1042”.'}},
          required: ['number']},
      }],
      toolChoice: 'auto',
    },
    variables: {shop: 'Tram & Co', question: 'Where is my order A-1042?'},
  },
];

export const empty: Example = {
  key: 'empty', name: '', what: 'Begin with a blank page.',
  content: {content: [text('system', ''), text('user', '')]},
  variables: {},
};
