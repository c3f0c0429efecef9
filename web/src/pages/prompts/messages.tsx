// The messages of a prompt: added, removed, and put in order by mouse or keyboard.
import {ArrowDown, ArrowUp, Ellipsis, GripVertical, Plus, Trash2} from 'lucide-react';
import {useRef, useState, type DragEvent} from 'react';
import {JsonText} from '../../editor/JsonText';
import {PromptText} from '../../editor/PromptText';
import {Button, IconButton, Menu, TextField, useFeedback} from '../../ui';
import {moved, newMessage, nextRole, type Draft, type DraftMessage, type Problems, type Role} from './draft';
import {roleNames} from './parts';

const hints: Record<Role, string> = {
  system: 'How the model should behave. Use {{variables}} for what changes.',
  developer: 'How the model should behave, from the developer.',
  user: 'What a person says or asks.',
  assistant: 'An answer, as an example or to go on from.',
  tool: 'What a tool answered.',
};

// A text becomes a list of parts, to add images or documents; and back, when it is a single text.
function asParts(message: DraftMessage): DraftMessage {
  return {...message, json: true, text: JSON.stringify([{type: 'text', text: message.text}], null, 2)};
}
function asText(message: DraftMessage): DraftMessage | null {
  try {
    const parts: unknown = JSON.parse(message.text);
    if (!Array.isArray(parts) || parts.length > 1) return null;
    const text: unknown = parts.length === 0 ? '' : parts[0]?.type === 'text' ? parts[0].text : null;
    return typeof text === 'string' ? {...message, json: false, text} : null;
  } catch {
    return null;
  }
}

function MessageCard({message, index, count, variables, readOnly, problem, onChange, onMove, onRemove, drag}: {
  message: DraftMessage;
  index: number;
  count: number;
  variables: string[];
  readOnly: boolean;
  problem: string | undefined;
  onChange: (message: DraftMessage) => void;
  onMove: (to: number) => void;
  onRemove: () => void;
  drag: {over: boolean; props: object; handle: object};
}) {
  const name = `Message ${index + 1}`;
  const plain = message.json ? asText(message) : null;
  return (
    <li className={`message ${message.role} ${drag.over ? 'drop' : ''}`} {...drag.props} aria-label={name}
      onKeyDown={(event) => {
        if (readOnly || !event.altKey || !event.shiftKey
          || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
        event.preventDefault();
        event.stopPropagation();
        const up = event.key === 'ArrowUp';
        if (up ? index > 0 : index < count - 1) onMove(index + (up ? -1 : 1));
      }}>
      <header className="message-head">
        {!readOnly && <span className="message-grip" {...drag.handle} aria-hidden><GripVertical size={14} /></span>}
        <select className="role-select" aria-label={`Role of message ${index + 1}`} value={message.role}
          disabled={readOnly}
          onChange={(event) => onChange({...message, role: event.target.value as Role})}>
          {Object.entries(roleNames).map(([role, label]) => <option key={role} value={role}>{label}</option>)}
        </select>
        <span className="grow" />
        {!readOnly && <>
          <IconButton size="small" label={`Move message ${index + 1} up`} disabled={index === 0}
            onClick={() => onMove(index - 1)}><ArrowUp size={14} aria-hidden /></IconButton>
          <IconButton size="small" label={`Move message ${index + 1} down`} disabled={index === count - 1}
            onClick={() => onMove(index + 1)}><ArrowDown size={14} aria-hidden /></IconButton>
          <Menu trigger={<IconButton size="small" label={`More for message ${index + 1}`}><Ellipsis
            size={14} aria-hidden /></IconButton>}
            items={[
              message.json
                ? {label: 'Edit as plain text', disabled: !plain, onSelect: () => plain && onChange(plain)}
                : {label: 'Edit as parts (images, documents)', onSelect: () => onChange(asParts(message))},
              'separator',
              {label: 'Remove message', icon: <Trash2 size={14} aria-hidden />, danger: true, onSelect: onRemove},
            ]} />
        </>}
      </header>
      {message.role === 'tool' && (
        <div className="message-tool">
          <TextField label="Answers the call" value={message.toolCallId ?? ''} readOnly={readOnly}
            error={message.json ? null : problem}
            onChange={(toolCallId) => onChange({...message, toolCallId})} />
          <TextField label="Tool" value={message.toolName ?? ''} readOnly={readOnly}
            onChange={(toolName) => onChange({...message, toolName: toolName || undefined})} />
        </div>
      )}
      {message.json
        ? <JsonText label={`${name}, parts`} value={message.text} readOnly={readOnly} problem={problem}
            hint="A list of parts: text, image, document, tool_call and others." onChange={(text) =>
              onChange({...message, text})} />
        : <PromptText label={`${name}, ${roleNames[message.role]}`} value={message.text} variables={variables}
          readOnly={readOnly}
            placeholder={hints[message.role]} onChange={(text) => onChange({...message, text})} />}
    </li>
  );
}

export function Messages({draft, variables, problems, readOnly, onChange}: {
  draft: Draft;
  variables: string[];
  problems: Problems;
  readOnly: boolean;
  onChange: (change: (draft: Draft) => Draft) => void;
}) {
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  const {toast} = useFeedback();
  const set = (change: (messages: DraftMessage[]) => DraftMessage[]) =>
    onChange((before) => ({...before, messages: change(before.messages)}));
  const move = (from: number, to: number) => {
    const focused = document.activeElement;
    set((messages) => moved(messages, from, to));
    setSaid(`Message is now number ${to + 1} of ${draft.messages.length}.`);
    // The browser drops the focus of what moves in the page. At the ends that button can no longer be pressed: the
    // other one.
    requestAnimationFrame(() => {
      if (!(focused instanceof HTMLElement) || !list.current?.contains(focused)) return;
      const other = focused.matches(':disabled') ? focused.parentElement?.querySelector<HTMLElement>('button:enabled')
        : null;
      (other ?? focused).focus();
    });
  };
  const remove = (index: number) => {
    const message = draft.messages[index]!;
    set((messages) => messages.filter((other) => other.id !== message.id));
    toast('Message removed.', {label: 'Undo', onPress: () => set((messages) =>
      messages.some((other) => other.id === message.id) ? messages
        : [...messages.slice(0, index), message, ...messages.slice(index)])});
  };
  const dragOf = (index: number) => ({
    over: dragged !== null && over === index && dragged !== index,
    handle: {
      draggable: true,
      onDragStart: (event: DragEvent<HTMLElement>) => {
        event.dataTransfer.effectAllowed = 'move';
        event.dataTransfer.setData('text/plain', '');
        const card = event.currentTarget.closest('li');
        if (card) event.dataTransfer.setDragImage(card, 12, 12);
        setDragged(index);
      },
      onDragEnd: () => { setDragged(null); setOver(null); },
    },
    props: dragged === null ? {} : {
      onDragOver: (event: DragEvent) => { event.preventDefault(); setOver(index); },
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        if (dragged !== index) move(dragged, index);
        setDragged(null);
        setOver(null);
      },
    },
  });
  return (
    <section className="column" aria-label="Messages">
      <ol className="messages" ref={list}>
        {draft.messages.map((message, index) => (
          <MessageCard key={message.id} message={message} index={index} count={draft.messages.length}
            variables={variables}
            readOnly={readOnly} problem={problems[`message:${message.id}`]} drag={dragOf(index)}
            onChange={(next) => set((messages) => messages.map((other) => (other.id === next.id ? next : other)))}
            onMove={(to) => move(index, to)}
            onRemove={() => remove(index)} />
        ))}
      </ol>
      {problems.messages && <p className="field-error" role="alert">{problems.messages}</p>}
      {!readOnly && (
        <div>
          <Button icon={<Plus size={14} aria-hidden />}
            onClick={() => set((messages) => [...messages,
              newMessage(messages, nextRole(messages))])}>Add message</Button>
        </div>
      )}
      <span className="visually-hidden" aria-live="polite">{said}</span>
    </section>
  );
}
