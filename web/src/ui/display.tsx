// Things that only show: badges, cards, notes, empty states, headings of pages.
import {AlertTriangle, Check, Copy, Eye, EyeOff, Info} from 'lucide-react';
import {useEffect, useState, type ReactNode} from 'react';
import {messageOf} from '../api/client';
import {Button, IconButton} from './controls';
import {formatAgo, formatDateTime} from './format';

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info' | 'violet' | 'accent';

export function Badge({tone = 'neutral', children, title}: {tone?: Tone; children: ReactNode; title?: string}) {
  return <span className={`badge ${tone}`} title={title}>{children}</span>;
}

export function Card({title, actions, children, className = ''}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={`card ${className}`}>
      {(title || actions) && <header className="card-head"><h2 className="grow truncate">{title}</h2>{actions}</header>}
      <div className="card-body">{children}</div>
    </section>
  );
}

// A figure with its name, for rows of figures.
export function Stat({label, value, detail}: {label: ReactNode; value: ReactNode; detail?: ReactNode}) {
  return (
    <div className="stat">
      <dt>{label}</dt>
      <dd>{value}</dd>
      {detail && <dd className="detail">{detail}</dd>}
    </div>
  );
}
export const Stats = ({children}: {children: ReactNode}) => <dl className="stats">{children}</dl>;

// The heading of a page. Sets the window's title.
export function PageHeader({title, name, back, actions, children}: {
  title: ReactNode;
  name?: string; // for the window's title, when `title` is no plain text
  back?: ReactNode; // a link to where one came from
  actions?: ReactNode;
  children?: ReactNode; // a line below
}) {
  const windowTitle = name ?? (typeof title === 'string' ? title : '');
  useEffect(() => {
    document.title = windowTitle ? `${windowTitle} · Tracia` : 'Tracia';
  }, [windowTitle]);
  return (
    <header className="page-header">
      {back && <div className="page-back">{back}</div>}
      <div className="row between wrapping">
        <h1 className="truncate" tabIndex={-1}>{title}</h1>
        {actions && <div className="row wrapping">{actions}</div>}
      </div>
      {children && <div className="page-lead">{children}</div>}
    </header>
  );
}

export function EmptyState({icon, title, children, actions}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className="empty">
      {icon && <div className="empty-icon" aria-hidden>{icon}</div>}
      <h2>{title}</h2>
      {children && <div className="soft">{children}</div>}
      {actions && <div className="row wrapping">{actions}</div>}
    </div>
  );
}

export function Note({tone = 'info', children, actions}: {tone?: Tone; children: ReactNode; actions?: ReactNode}) {
  const Icon = tone === 'bad' || tone === 'warn' ? AlertTriangle : Info;
  return (
    <div className={`note ${tone}`} role={tone === 'bad' ? 'alert' : 'note'}>
      <Icon size={16} aria-hidden />
      <div className="grow wrap">{children}</div>
      {actions}
    </div>
  );
}

export function ErrorNote({error, onRetry}: {error: unknown; onRetry?: () => void}) {
  return (
    <Note tone="bad" actions={onRetry && <Button size="small" onClick={onRetry}>Try again</Button>}>
      {messageOf(error)}
    </Note>
  );
}

// Takes the place of what is still on its way, at its size, so that nothing jumps.
export function Skeleton({lines = 3, height}: {lines?: number; height?: number}) {
  return (
    <div className="skeleton" role="status" aria-label="Loading" style={height ? {height} : undefined}>
      {!height && Array.from({length: lines}, (_, i) => <div key={i} className="skeleton-line" />)}
    </div>
  );
}

// A moment, as an age; the exact time on hover, and for machines.
export function Ago({time}: {time: string | null | undefined}) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!time) return <span className="faint">never</span>;
  return <time dateTime={time} title={formatDateTime(time)}>{formatAgo(time)}</time>;
}

export const Kbd = ({children}: {children: ReactNode}) => <kbd className="kbd">{children}</kbd>;

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS the clipboard API is missing; the old way still works.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function CopyButton({text, label = 'Copy', children}: {
  text: string | (() => string); // a function: made only when it is wanted
  label?: string;
  children?: ReactNode;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const icon = copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />;
  const press = async () => setCopied(await copyText(typeof text === 'function' ? text() : text));
  return (
    <>
      {children ? <Button size="small" icon={icon} onClick={press}>{children}</Button>
        : <IconButton size="small" label={label} onClick={press}>{icon}</IconButton>}
      <span className="visually-hidden" aria-live="polite">{copied ? 'Copied' : ''}</span>
    </>
  );
}

export function CodeBlock({code, language}: {code: string; language?: string}) {
  return (
    <div className="code-block">
      <div className="code-block-bar"><span className="faint small">{language}</span><CopyButton text={code} /></div>
      <pre tabIndex={0}><code>{code}</code></pre>
    </div>
  );
}

// A secret that is shown once: hidden until asked for, copied without showing.
export function Secret({value, label}: {value: string; label: string}) {
  const [shown, setShown] = useState(false);
  return (
    <div className="secret">
      <code className="grow wrap" aria-label={label}>{shown ? value : '•'.repeat(Math.min(value.length, 40))}</code>
      <IconButton size="small" label={shown ? 'Hide' : 'Show'} onClick={() => setShown(!shown)}>
        {shown ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />}
      </IconButton>
      <CopyButton text={value} label={`Copy ${label}`} />
    </div>
  );
}
