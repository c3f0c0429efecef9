// Messages as people read them: one after the other, each part in the way that suits it, a tool's result under its
// call.
import {
  Bot,
  Brain,
  ChevronRight,
  CircleHelp,
  FileText,
  Image as ImageIcon,
  Settings2,
  UserRound,
  Volume2,
  Wrench,
} from 'lucide-react';
import {useMemo, useState, type ReactNode} from 'react';
import {Badge, Button, CopyButton, formatBytes, formatNumber, SelectField} from '../ui';
import {JsonTree} from './JsonTree';
import {LongText, type TextMode} from './LongText';
import {imageSource, pairTools, safeLink, type Media, type Part, type ShownMessage} from './messages';
import './content.css';

const shownAtFirst = 40;

const roles: Record<string, {label: string; icon: typeof Bot}> = {
  system: {label: 'System', icon: Settings2},
  developer: {label: 'Developer', icon: Settings2},
  user: {label: 'User', icon: UserRound},
  assistant: {label: 'Assistant', icon: Bot},
  tool: {label: 'Tool', icon: Wrench},
};
const roleOf = (role: string) => (Object.hasOwn(roles, role) ? roles[role]! : {label: role, icon: CircleHelp});

const textOf = (parts: Part[]) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');

// A part that is folded until someone wants it.
export function Fold({
  icon,
  label,
  detail,
  open: openAtFirst = false,
  tone = '',
  children,
}: {
  icon: ReactNode;
  label: ReactNode;
  detail?: ReactNode;
  open?: boolean;
  tone?: '' | 'bad';
  children: ReactNode;
}) {
  const [open, setOpen] = useState(openAtFirst);
  return (
    <div className={`fold ${tone}`}>
      <button type="button" className="fold-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight size={14} className="fold-arrow" aria-hidden />
        {icon}
        <span className="truncate isolate">{label}</span>
        {detail !== undefined && <span className="faint small truncate grow isolate">{detail}</span>}
      </button>
      {open && <div className="fold-body">{children}</div>}
    </div>
  );
}

const mediaIcons = {image: ImageIcon, document: FileText, audio: Volume2};
const mediaNames = {image: 'Image', document: 'Document', audio: 'Audio'};

function MediaView({part}: {part: Media}) {
  const source = imageSource(part);
  if (source) {
    return (
      <figure className="media-figure">
        <img src={source} alt={part.name || 'Image of this message'} loading="lazy" />
        <figcaption className="faint small">
          {part.mimeType || 'image'}, {formatBytes(part.data.length * 0.75)}
        </figcaption>
      </figure>
    );
  }
  const Icon = mediaIcons[part.kind];
  const link = safeLink(part.url);
  return (
    <div className="media">
      <Icon size={15} aria-hidden />
      <span>
        {mediaNames[part.kind]}
        {part.name && (
          <>
            {' '}
            “<bdi>{part.name}</bdi>”
          </>
        )}
      </span>
      {part.mimeType && <Badge>{part.mimeType.slice(0, 60)}</Badge>}
      {part.data && <span className="faint small">{formatBytes(part.data.length * 0.75)}</span>}
      {part.note && <span className="faint small wrap">{part.note}</span>}
      {link && (
        <a className="wrap" href={link} target="_blank" rel="noopener noreferrer nofollow">
          {link.slice(0, 300)}
        </a>
      )}
      {!link && part.url && <code className="wrap">{part.url.slice(0, 300)}</code>}
    </div>
  );
}

function short(value: unknown): string {
  try {
    return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 120);
  } catch {
    return ''; // nested too deeply
  }
}

function ToolValue({value, mode}: {value: unknown; mode: TextMode}) {
  return typeof value === 'string' ? <LongText text={value} mode={mode} /> : <JsonTree value={value} />;
}

function PartView({part, mode}: {part: Part; mode: TextMode}) {
  switch (part.type) {
    case 'text':
      return (
        <div>
          {part.refusal && <Badge tone="warn">Refusal</Badge>}
          <LongText text={part.text} mode={mode} />
        </div>
      );
    case 'media':
      return <MediaView part={part} />;
    case 'reasoning':
      return (
        <Fold
          icon={<Brain size={14} aria-hidden />}
          label="Reasoning"
          detail={part.text ? `${formatNumber(part.text.length)} characters` : 'kept by the provider'}>
          {part.text ? (
            <LongText text={part.text} mode={mode} />
          ) : (
            <p className="soft">The provider keeps what the model thought; it sent only a signature.</p>
          )}
        </Fold>
      );
    case 'tool_call':
      return (
        <Fold
          icon={<Wrench size={14} aria-hidden />}
          label={
            <>
              Call of <code>{part.name || 'a tool'}</code>
            </>
          }
          detail={short(part.arguments)}
          open>
          <p className="fold-title">Arguments</p>
          <ToolValue value={part.arguments} mode={mode} />
          {part.result && (
            <>
              <p className="fold-title">Result {part.result.isError && <Badge tone="bad">Failed</Badge>}</p>
              <Parts parts={part.result.parts} mode={mode} />
            </>
          )}
        </Fold>
      );
    case 'tool_result':
      return (
        <Fold
          icon={<Wrench size={14} aria-hidden />}
          label={
            <>
              Result of <code>{part.toolName || part.toolCallId || 'a tool'}</code>
            </>
          }
          tone={part.isError ? 'bad' : ''}
          detail={part.isError ? 'failed' : undefined}
          open>
          <Parts parts={part.parts} mode={mode} />
        </Fold>
      );
    case 'value':
      return (
        <Fold icon={<CircleHelp size={14} aria-hidden />} label={part.label} detail={short(part.value)}>
          <JsonTree value={part.value} />
        </Fold>
      );
  }
}

function Parts({parts, mode}: {parts: Part[]; mode: TextMode}) {
  if (parts.length === 0) return <p className="faint">Empty</p>;
  return (
    <>
      {parts.map((part, i) => (
        <PartView key={i} part={part} mode={mode} />
      ))}
    </>
  );
}

export function MessageView({message, mode, aside}: {message: ShownMessage; mode: TextMode; aside?: ReactNode}) {
  const {label, icon: Icon} = roleOf(message.role);
  const text = textOf(message.parts);
  return (
    <article className={`message ${Object.hasOwn(roles, message.role) ? message.role : ''}`} aria-label={label}>
      <header className="message-head">
        <Icon size={14} aria-hidden />
        <span className="truncate">{label}</span>
        {message.name && <span className="faint small truncate isolate">{message.name}</span>}
        <span className="grow" />
        {aside}
        {text && <CopyButton text={text} label={`Copy what ${label} said`} />}
      </header>
      <div className="message-body">
        <Parts parts={message.parts} mode={mode} />
      </div>
    </article>
  );
}

const modes = [
  {value: 'formatted', label: 'Formatted'},
  {value: 'plain', label: 'Plain text'},
] as const;

export function ModeSwitch({mode, onChange}: {mode: TextMode; onChange: (mode: TextMode) => void}) {
  return (
    <div className="mode-switch">
      <SelectField label="Show texts" hideLabel value={mode} onChange={onChange} options={modes} />
    </div>
  );
}

// A long conversation shows its beginning and its end; what is between is a press away.
export function Conversation({messages, mode}: {messages: ShownMessage[]; mode: TextMode}) {
  const paired = useMemo(() => pairTools(messages), [messages]);
  const [whole, setWhole] = useState(false);
  const cut = !whole && paired.length > shownAtFirst;
  const shown = cut ? [...paired.slice(0, 4), ...paired.slice(4 - shownAtFirst)] : paired;
  const hidden = paired.length - shown.length;
  return (
    <div className="conversation">
      {shown.map((message, i) => (
        <div key={cut && i >= 4 ? i + hidden : i} className="conversation-item">
          {cut && i === 4 && (
            <Button className="conversation-more" onClick={() => setWhole(true)}>
              Show {formatNumber(hidden)} messages between
            </Button>
          )}
          <MessageView message={message} mode={mode} />
        </div>
      ))}
    </div>
  );
}
