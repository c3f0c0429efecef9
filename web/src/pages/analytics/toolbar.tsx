// What is shown of the analytics: time, buckets, group, and filters as chips.
import {ListFilter, RefreshCw, X} from 'lucide-react';
import {useId, useState, type FormEvent} from 'react';
import {Button, Field, IconButton, Popover, SelectField, TextField} from '../../ui';
import {bucketFits, filterKinds, presets, type Bucket, type FilterName, type Group, type View} from './view';

export type Change = (changes: Record<string, string | null>) => void;

// For <input type="datetime-local">, in the reader's zone.
function toLocalInput(time: number): string {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function OwnTimes({view, now, change}: {view: View; now: number; change: Change}) {
  const [from, setFrom] = useState(toLocalInput(view.from));
  const [to, setTo] = useState(toLocalInput(view.to ?? now));
  const wrong = from !== '' && to !== '' && from >= to;
  const apply = (nextFrom: string, nextTo: string) => {
    if (nextFrom === '' || nextTo === '' || nextFrom >= nextTo) return;
    change({range: null, from: new Date(nextFrom).toISOString(), to: new Date(nextTo).toISOString()});
  };
  return (
    <>
      <TextField
        label="From"
        hideLabel
        aria-label="From"
        type="datetime-local"
        value={from}
        max={to}
        className="when"
        onChange={(value) => {
          setFrom(value);
          apply(value, to);
        }}
      />
      <span className="faint" aria-hidden>
        –
      </span>
      <TextField
        label="To"
        hideLabel
        aria-label="To"
        type="datetime-local"
        value={to}
        min={from}
        className="when"
        onChange={(value) => {
          setTo(value);
          apply(from, value);
        }}
        error={wrong ? 'Ends before it begins' : null}
      />
    </>
  );
}

function AddFilter({
  view,
  change,
  suggestions,
}: {
  view: View;
  change: Change;
  suggestions: (name: FilterName) => string[];
}) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState<FilterName>('model');
  const [value, setValue] = useState('');
  const list = useId();
  const kind = filterKinds.find((one) => one.name === name)!;
  const choices: readonly string[] | null = 'choices' in kind ? kind.choices : null;
  const choose = (next: FilterName) => {
    setName(next);
    const chosen = filterKinds.find((one) => one.name === next)!;
    setValue(view.filters[next] ?? ('choices' in chosen ? chosen.choices[0] : ''));
  };
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (value.trim() === '') return;
    change({[name]: value.trim()});
    setValue('');
    setOpen(false);
  };
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger={<Button icon={<ListFilter size={14} aria-hidden />}>Filter</Button>}>
      <form className="column filter-form" onSubmit={add}>
        <SelectField
          label="Only spans with this"
          value={name}
          onChange={choose}
          options={filterKinds.map((one) => ({value: one.name, label: one.label}))}
        />
        {choices ? (
          <SelectField
            label="Being"
            value={value}
            onChange={setValue}
            options={choices.map((choice) => ({value: choice, label: choice}))}
          />
        ) : (
          <Field label="Being">
            {(control) => (
              <>
                <input
                  {...control}
                  className="input"
                  list={list}
                  value={value}
                  autoComplete="off"
                  maxLength={256}
                  inputMode={name === 'promptVersion' ? 'numeric' : undefined}
                  pattern={name === 'promptVersion' ? '[0-9]+' : undefined}
                  onChange={(event) => setValue(event.target.value)}
                />
                <datalist id={list}>
                  {suggestions(name).map((text) => (
                    <option key={text} value={text} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        )}
        <Button type="submit" variant="primary" disabled={value.trim() === ''}>
          Apply
        </Button>
      </form>
    </Popover>
  );
}

export function Chips({view, change}: {view: View; change: Change}) {
  const chosen = filterKinds.filter((kind) => view.filters[kind.name]);
  if (chosen.length === 0) return null;
  return (
    <ul className="row wrapping" aria-label="Filters">
      {chosen.map((kind) => (
        <li key={kind.name} className="chip">
          <span className="faint">{kind.label}</span>
          <span className="truncate">{view.filters[kind.name]}</span>
          <IconButton
            size="small"
            className="chip-x"
            label={`Remove the filter ${kind.label}`}
            onClick={() => change({[kind.name]: null})}>
            <X size={12} aria-hidden />
          </IconButton>
        </li>
      ))}
      {chosen.length > 1 && (
        <li>
          <Button
            size="small"
            variant="ghost"
            onClick={() => change(Object.fromEntries(chosen.map((kind) => [kind.name, null])))}>
            Remove all
          </Button>
        </li>
      )}
    </ul>
  );
}

const bucketLabels: Record<Bucket, string> = {minute: 'by the minute', hour: 'by the hour', day: 'by the day'};

export function Toolbar({
  view,
  now,
  change,
  refresh,
  busy,
  suggestions,
}: {
  view: View;
  now: number;
  change: Change;
  refresh: () => void;
  busy: boolean;
  suggestions: (name: FilterName) => string[];
}) {
  const span = (view.to ?? now) - view.from;
  const setRange = (value: string) =>
    change(
      value === 'own'
        ? {range: null, from: new Date(view.from).toISOString(), to: new Date(view.to ?? now).toISOString()}
        : {range: value, from: null, to: null, bucket: null},
    );
  return (
    <div className="row wrapping analytics-toolbar" role="group" aria-label="What is shown">
      <SelectField
        label="Time"
        hideLabel
        value={view.preset ?? 'own'}
        onChange={setRange}
        options={[...presets, {value: 'own', label: 'From … to …'}]}
      />
      {view.preset === null && <OwnTimes key={`${view.from}`} view={view} now={now} change={change} />}
      <SelectField
        label="Steps"
        hideLabel
        value={view.bucket}
        onChange={(bucket: Bucket) => change({bucket})}
        options={(['minute', 'hour', 'day'] as const).map((bucket) => ({
          value: bucket,
          label: bucketLabels[bucket],
          disabled: !bucketFits(bucket, span),
        }))}
      />
      <SelectField
        label="Split"
        hideLabel
        value={view.group ?? ''}
        onChange={(by: Group | '') => change({by: by || null})}
        options={[
          {value: '', label: 'all together'},
          ...filterKinds.map((kind) => ({value: kind.group, label: `split by ${kind.label.toLowerCase()}`})),
        ]}
      />
      <AddFilter view={view} change={change} suggestions={suggestions} />
      <IconButton label="Refresh" variant="default" onClick={refresh} disabled={busy}>
        <RefreshCw size={14} className={busy ? 'spin' : ''} aria-hidden />
      </IconButton>
    </div>
  );
}
