// A draft cut into the parts that people compare and choose between: each message, the order of messages, each setting,
// tools, schema. One list serves the comparison of versions and the merge of two edits.
import {providerName} from '../../editor/models';
import type {Draft, DraftMessage} from './draft';

export interface Part {
  key: string;
  title: string;
  text: string; // '' = not there
  long: boolean; // shown as a text line by line, else as a value
}

export const roleNames = {system: 'System', developer: 'Developer', user: 'User', assistant: 'Assistant',
  tool: 'Tool'} as const;

const messageText = (message: DraftMessage) =>
  (message.toolCallId === undefined ? '' : `(answers call ${message.toolCallId})\n`) + message.text;

export function toolChoiceName(choice: string): string {
  const names: Record<string, string> = {'': '', auto: 'The model decides', none: 'No tool',
    required: 'At least one tool'};
  return names[choice] ?? `Always “${choice.slice(5)}”`;
}

function settings(draft: Draft): Part[] {
  const value = (key: string, title: string, text: string): Part => ({key, title, text, long: false});
  const number = (amount: number | null) => (amount === null ? '' : String(amount));
  const model = draft.model && (draft.provider ? `${draft.model} (${providerName(draft.provider)})` : draft.model);
  return [
    value('model', 'Model', model),
    value('temperature', 'Temperature', number(draft.temperature)),
    value('topP', 'Top P', number(draft.topP)),
    value('maxOutputTokens', 'Max output tokens', number(draft.maxOutputTokens)),
    value('stopSequences', 'Stop sequences', draft.stopSequences.map((stop) => JSON.stringify(stop)).join(', ')),
    {key: 'tools', title: 'Tools', text: draft.tools, long: true},
    value('toolChoice', 'Tool choice', toolChoiceName(draft.toolChoice)),
    {key: 'outputSchema', title: 'Output schema', text: draft.outputSchema, long: true},
  ];
}

export interface PartPair {
  key: string;
  title: string;
  long: boolean;
  left: string;
  right: string;
  same: boolean;
}

const order = (messages: readonly DraftMessage[], among: ReadonlySet<string>) =>
  messages.map((message) => message.id).filter((id) => among.has(id));

// Ids of both lists: those of `first` in its order, those only in `second` after the ones they follow there.
export function mergedOrder(first: readonly string[], second: readonly string[]): string[] {
  const result = [...first];
  second.forEach((id, i) => {
    if (result.includes(id)) return;
    const before = second.slice(0, i).reverse().find((other) => result.includes(other));
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, id);
  });
  return result;
}

export function compare(left: Draft, right: Draft): PartPair[] {
  const of = (draft: Draft, id: string) => draft.messages.find((message) => message.id === id);
  const ids = mergedOrder(right.messages.map((message) => message.id), left.messages.map((message) => message.id));
  const pairs: PartPair[] = [];
  ids.forEach((id, i) => {
    const l = of(left, id);
    const r = of(right, id);
    const role = r ?? l;
    const was = l && r && l.role !== r.role ? `, was ${roleNames[l.role]}` : '';
    pairs.push({
      key: `message:${id}`, title: `Message ${i + 1} · ${roleNames[role!.role]}${was}`, long: true,
      left: l ? messageText(l) : '', right: r ? messageText(r) : '',
      same: Boolean(l && r && l.role === r.role && messageText(l) === messageText(r)),
    });
  });
  const shared = new Set(left.messages.map((message) => message.id).filter((id) => of(right, id)));
  const [orderLeft, orderRight] = [order(left.messages, shared), order(right.messages, shared)];
  if (orderLeft.join() !== orderRight.join()) {
    const names = (list: string[]) => list.map((id) => `Message ${ids.indexOf(id) + 1}`).join(', ');
    pairs.push({key: 'order', title: 'Order of messages', long: false, left: names(orderLeft),
      right: names(orderRight), same: false});
  }
  const rightSettings = settings(right);
  settings(left).forEach((part, i) => {
    const other = rightSettings[i]!.text;
    pairs.push({key: part.key, title: part.title, long: part.long, left: part.text, right: other,
      same: part.text === other});
  });
  return pairs;
}

export type Choice = 'theirs' | 'mine';

// Where only one side changed a part since `base`, that side; where both did, mine, for the person to decide.
export function proposal(base: Draft, theirs: Draft, mine: Draft): {choices: Record<string,
  Choice>; both: Set<string>} {
  const choices: Record<string, Choice> = {};
  const both = new Set<string>();
  const changed = (to: Draft) => new Set(compare(base, to).filter((pair) => !pair.same).map((pair) => pair.key));
  const [byThem, byMe] = [changed(theirs), changed(mine)];
  for (const pair of compare(theirs, mine)) {
    if (pair.same) continue;
    choices[pair.key] = byMe.has(pair.key) ? 'mine' : 'theirs';
    if (byMe.has(pair.key) && byThem.has(pair.key)) both.add(pair.key);
  }
  return {choices, both};
}

export function merge(theirs: Draft, mine: Draft, choices: Readonly<Record<string, Choice>>): Draft {
  const pick = (key: string) => (choices[key] === 'theirs' ? theirs : mine);
  const ids = (draft: Draft) => draft.messages.map((message) => message.id);
  const first = pick('order');
  const messages = mergedOrder(ids(first), ids(first === mine ? theirs : mine)).flatMap((id) => {
    const chosen = pick(`message:${id}`).messages.find((message) => message.id === id);
    return chosen ? [chosen] : [];
  });
  const {provider, model} = pick('model');
  return {
    messages, provider, model,
    temperature: pick('temperature').temperature,
    topP: pick('topP').topP,
    maxOutputTokens: pick('maxOutputTokens').maxOutputTokens,
    stopSequences: pick('stopSequences').stopSequences,
    tools: pick('tools').tools,
    toolChoice: pick('toolChoice').toolChoice,
    outputSchema: pick('outputSchema').outputSchema,
  };
}
