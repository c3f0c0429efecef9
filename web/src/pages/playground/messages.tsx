// The messages of a column, to be edited. Texts are edited in place; pictures, files, tool calls and reasoning that
// came with a recorded call are shown, and sent again as they are.
import {ArrowDown, ArrowUp, Plus, Trash2} from 'lucide-react';
import {useState} from 'react';
import {PromptText} from '../../editor/PromptText';
import {JsonTree} from '../../content/JsonTree';
import {Badge, Button, Disclosure, formatBytes, IconButton, SelectField} from '../../ui';
import {newId, type Content, type EditMessage, type Part, type Role} from './model';

const roles: {value: Role; label: string}[] = [
  {value: 'system', label: 'System'},
  {value: 'user', label: 'User'},
  {value: 'assistant', label: 'Assistant'},
  {value: 'developer', label: 'Developer'},
  {value: 'tool', label: 'Tool'},
];

function fileName(part: Part & {type: 'image' | 'document' | 'audio'}): string {
  const size = part.data ? `, ${formatBytes(Math.floor(part.data.length * 0.75))}` : '';
  const name = 'name' in part && part.name ? part.name : (part.url ?? part.mimeType ?? '');
  const kind = {image: 'Image', document: 'Document', audio: 'Audio'}[part.type];
  return `${kind}${name ? `: ${name}` : ''}${size}`;
}

function OtherPart({part}: {part: Part}) {
  switch (part.type) {
    case 'image':
    case 'document':
    case 'audio':
      return <Badge tone="info">{fileName(part)}</Badge>;
    case 'tool_call':
      return (
        <div className="playground-call">
          <Badge tone="violet">Calls {part.name}</Badge>
          <JsonTree value={part.arguments} />
        </div>
      );
    case 'reasoning':
      return (
        <Disclosure title="Reasoning">
          <p className="plain-text soft">{part.text || 'Not shown by the provider.'}</p>
        </Disclosure>
      );
    default:
      return (
        <Disclosure title={`Part of type ${part.type}`}>
          <JsonTree value={part} />
        </Disclosure>
      );
  }
}

function Body({
  content,
  label,
  variables,
  focused,
  onChange,
}: {
  content: Content;
  label: string;
  focused: boolean;
  variables: string[];
  onChange: (content: Content) => void;
}) {
  if (typeof content === 'string') {
    return <PromptText label={label} value={content} variables={variables} autoFocus={focused} onChange={onChange} />;
  }
  const put = (at: number, part: Part | null) =>
    onChange(part ? content.map((old, i) => (i === at ? part : old)) : content.filter((_, i) => i !== at));
  return (
    <div className="column tight">
      {content.map((part, at) =>
        part.type === 'text' ? (
          <PromptText
            key={at}
            label={`${label}, text ${at + 1}`}
            value={part.text}
            variables={variables}
            onChange={(text) => put(at, {...part, text})}
          />
        ) : (
          <div key={at} className="row playground-part">
            <div className="grow">
              <OtherPart part={part} />
            </div>
            {content.length > 1 && (
              <IconButton size="small" label={`Leave out part ${at + 1}`} onClick={() => put(at, null)}>
                <Trash2 size={13} aria-hidden />
              </IconButton>
            )}
          </div>
        ),
      )}
    </div>
  );
}

export function Messages({
  messages,
  letter,
  variables,
  focus,
  onChange,
}: {
  messages: EditMessage[];
  letter: string;
  variables: string[];
  focus: string | null; // the message to write in next
  onChange: (messages: EditMessage[]) => void;
}) {
  const [added, setAdded] = useState<string | null>(null);
  const put = (at: number, change: Partial<EditMessage>) =>
    onChange(messages.map((message, i) => (i === at ? {...message, ...change} : message)));
  const move = (at: number, by: number) => {
    const next = [...messages];
    [next[at], next[at + by]] = [next[at + by]!, next[at]!];
    onChange(next);
  };
  const add = () => {
    const last = messages.at(-1)?.role;
    const id = newId('msg');
    setAdded(id);
    onChange([...messages, {id, role: last === 'user' ? 'assistant' : 'user', content: ''}]);
  };
  return (
    <div className="column">
      {messages.map((message, at) => {
        const name = `message ${at + 1} of column ${letter}`;
        return (
          <div key={message.id} className="playground-message">
            <div className="row between">
              <SelectField
                label={`Role of ${name}`}
                hideLabel
                className="playground-role"
                value={message.role}
                options={roles.filter((role) => role.value !== 'tool' || message.toolCallId)}
                onChange={(role) => put(at, {role})}
              />
              <div className="row playground-tools">
                {message.toolName && <span className="faint small truncate">from {message.toolName}</span>}
                <IconButton size="small" label={`Move ${name} up`} disabled={at === 0} onClick={() => move(at, -1)}>
                  <ArrowUp size={13} aria-hidden />
                </IconButton>
                <IconButton
                  size="small"
                  label={`Move ${name} down`}
                  disabled={at === messages.length - 1}
                  onClick={() => move(at, 1)}>
                  <ArrowDown size={13} aria-hidden />
                </IconButton>
                <IconButton
                  size="small"
                  label={`Remove ${name}`}
                  disabled={messages.length === 1}
                  onClick={() => onChange(messages.filter((_, i) => i !== at))}>
                  <Trash2 size={13} aria-hidden />
                </IconButton>
              </div>
            </div>
            <Body
              content={message.content}
              label={`Text of ${name}`}
              variables={variables}
              focused={message.id === added || message.id === focus}
              onChange={(content) => put(at, {content})}
            />
          </div>
        );
      })}
      <div>
        <Button size="small" variant="ghost" icon={<Plus size={13} aria-hidden />} onClick={add}>
          Add message
        </Button>
      </div>
    </div>
  );
}
