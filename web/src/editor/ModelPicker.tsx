// Provider and model, from the catalog or typed freely (connections have names, and models appear every week).
import {Command} from 'cmdk';
import {Check, ChevronsUpDown} from 'lucide-react';
import {Popover} from 'radix-ui';
import {useRef, useState} from 'react';
import {ErrorNote, Skeleton} from '../ui';
import {findModel, isBuiltIn, modelFacts, modelPrice, providerName, useConnections, useModels,
  type Model} from './models';
import './editor.css';

export {useModels} from './models';

export interface ModelChoice {
  provider: string; // '': it follows from the model's name
  model: string;
}

const providerOrder: Model['provider'][] = ['openai', 'anthropic', 'google', 'amazon_bedrock', 'voyage'];

const words = (text: string) => text.toLowerCase().split(/\s+/).filter(Boolean);
const matches = (text: string, wanted: string[]) => wanted.every((word) => text.includes(word));

function CatalogItem({entry, chosen, onSelect}: {entry: Model; chosen: boolean; onSelect: () => void}) {
  return (
    <Command.Item value={`${entry.provider}/${entry.model}`} onSelect={onSelect}>
      <span className="model-name">
        <span className="truncate">{entry.model}</span>
        {chosen && <Check size={14} aria-label="chosen" />}
      </span>
      <span className="model-facts truncate">{modelFacts(entry)}</span>
      <span className="model-price number">{modelPrice(entry) || 'price not known'}</span>
    </Command.Item>
  );
}

function Choices({value, onChoose}: {value: ModelChoice; onChoose: (value: ModelChoice) => void}) {
  const models = useModels();
  const connections = useConnections();
  const [text, setText] = useState('');
  const typed = text.trim();
  const wanted = words(text);
  const chat = (models.data?.models ?? []).filter((entry) => entry.kind === 'chat');
  const shown = chat.filter((entry) =>
    matches(`${entry.provider} ${providerName(entry.provider)} ${entry.model} ${entry.aliases.join(' ')}`.toLowerCase(), wanted));
  // The chosen model's provider first: what is wanted next is near it, more often than not.
  const current = findModel(chat, value.provider, value.model);
  const rank = (provider: Model['provider']) => (provider === current?.provider ? -1 : providerOrder.indexOf(provider));
  const providers = [...new Set(shown.map((entry) => entry.provider))].sort((a, b) => rank(a) - rank(b));
  // A connection with a built-in provider's name serves that provider's models; they are listed already.
  const others = (connections.data ?? []).filter((connection) => !isBuiltIn(connection.name));
  const free = typed || value.model;
  return (
    <Command shouldFilter={false} label="Model" loop
      defaultValue={current ? `${current.provider}/${current.model}` : undefined}>
      <Command.Input value={text} onValueChange={setText} className="model-search"
        placeholder="Search, or type any model’s name…" />
      {models.error && <ErrorNote error={models.error} onRetry={() => void models.refetch()} />}
      <Command.List className="model-list">
        {models.isPending && <Command.Loading><Skeleton lines={9} /></Command.Loading>}
        {providers.map((provider) => (
          <Command.Group key={provider} heading={`${providerName(provider)} · dollars a million tokens`}>
            {shown.filter((entry) => entry.provider === provider).map((entry) => (
              <CatalogItem key={entry.model} entry={entry}
                chosen={entry.model === value.model && (value.provider === ''
                  || value.provider.toLowerCase() === provider)}
                onSelect={() => onChoose({provider, model: entry.model})} />
            ))}
          </Command.Group>
        ))}
        {others.length > 0 && free && (
          <Command.Group heading="Through your connections">
            {others.map((connection) => (
              <Command.Item key={connection.id} value={`connection/${connection.name}`}
                onSelect={() => onChoose({provider: connection.name, model: free})}>
                <span className="model-name"><span className="truncate">{free}</span></span>
                <span className="model-facts truncate">at {connection.name}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {typed && (
          <Command.Group heading="Any other model">
            <Command.Item value="free" onSelect={() => onChoose({provider: '', model: typed})}>
              <span className="model-name"><span className="truncate">Use “{typed}”</span></span>
              <span className="model-facts">The provider follows from the name</span>
            </Command.Item>
            {providers.length === 0 && ['openai', 'anthropic', 'google', 'amazon_bedrock'].map((provider) => (
              <Command.Item key={provider} value={`free/${provider}`}
                onSelect={() => onChoose({provider, model: typed})}>
                <span className="model-name">
                  <span className="truncate">Use “{typed}” at {providerName(provider)}</span>
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command>
  );
}

export function ModelPicker({value, onChange, label = 'Model', hint, error, disabled}: {
  value: ModelChoice;
  onChange: (value: ModelChoice) => void;
  label?: string;
  hint?: string; // in place of what the catalog says about the model
  error?: string | null;
  disabled?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const models = useModels();
  const entry = findModel(models.data?.models ?? [], value.provider, value.model);
  const facts = entry && [modelPrice(entry) && `${modelPrice(entry)} a million tokens`,
    modelFacts(entry)].filter(Boolean).join(' · ');
  const provider = value.provider ? providerName(value.provider) : entry ? providerName(entry.provider) : '';
  const shown = value.model ? `${value.model}${provider ? `, ${provider}` : ''}` : 'none chosen';
  const below = hint ?? facts;
  return (
    <div className="field">
      <span className="legend" aria-hidden>{label}</span>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger asChild>
          <button ref={trigger} type="button" className="model-button" aria-label={`${label}: ${shown}`}
            disabled={disabled}>
            <span className={`truncate ${value.model ? '' : 'faint'}`}>{value.model || 'Choose a model…'}</span>
            <span className="grow faint small truncate">{provider}</span>
            <ChevronsUpDown size={14} aria-hidden />
          </button>
        </Popover.Trigger>
        {/* In a dialog the list belongs inside it: a dialog takes the focus back from what is beside it. */}
        <Popover.Portal container={trigger.current?.closest<HTMLElement>('[role="dialog"]') ?? undefined}>
          <Popover.Content className="model-popover" align="start" sideOffset={4} collisionPadding={8}
            aria-label={`Choose: ${label}`}>
            <Choices value={value} onChoose={(choice) => { setOpen(false); onChange(choice); }} />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {error && <p className="field-error" role="alert">{error}</p>}
      {below && <p className="field-hint truncate" title={below}>{below}</p>}
    </div>
  );
}
