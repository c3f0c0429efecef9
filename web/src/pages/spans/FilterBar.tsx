// Search, time range, and filters as chips. All of it lives in the address.
import {ListFilter, Search, X} from 'lucide-react';
import {useEffect, useRef, useState, type ReactNode} from 'react';
import type {SetUrlParams} from '../../shell/url';
import {Button, Menu, Popover, SelectField} from '../../ui';
import {CustomRange, FieldEditor} from './FieldEditor';
import {
  chipsOf,
  clearFilters,
  fields,
  rangeOf,
  ranges,
  rangeText,
  wordsOfAddress,
  type FilterField,
  type Range,
} from './filters';

function SearchField({words, setParams}: {words: string; setParams: SetUrlParams}) {
  const [text, setText] = useState(words);
  const input = useRef<HTMLInputElement>(null);
  const applied = useRef(words);
  useEffect(() => {
    if (applied.current === words) return; // the address follows what is typed, not the other way round
    applied.current = words;
    setText(words);
  }, [words]);
  const apply = (value: string) => {
    applied.current = value.trim();
    setParams((next) => {
      next.delete('search');
      if (value.trim()) next.set('q', value.trim());
      else next.delete('q');
    });
  };
  useEffect(() => {
    if (text.trim() === applied.current) return;
    const timer = setTimeout(() => apply(text), 400);
    return () => clearTimeout(timer);
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable]'))
        return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return (
    <form
      className="span-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        apply(text);
      }}>
      <Search size={14} aria-hidden />
      <input
        ref={input}
        className="input"
        type="search"
        aria-label="Search in inputs, outputs, errors and names"
        value={text}
        maxLength={256}
        placeholder="Search in inputs, outputs and errors…"
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}

function RemovableChip({
  label,
  text,
  onRemove,
  editor,
  open,
  onOpenChange,
}: {
  label: string;
  text: string;
  onRemove: () => void;
  editor: ReactNode;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  return (
    <span className="chip span-chip">
      <Popover
        open={open}
        onOpenChange={onOpenChange}
        trigger={
          <button type="button" className="chip-text truncate" title={`${label}: ${text}`}>
            <span className="soft">{label}</span> <bdi>{text || '…'}</bdi>
          </button>
        }>
        {editor}
      </Popover>
      <button type="button" className="chip-remove" aria-label={`Remove filter ${label}`} onClick={onRemove}>
        <X size={13} aria-hidden />
      </button>
    </span>
  );
}

export function FilterBar({
  params,
  setParams,
  only,
}: {
  params: URLSearchParams;
  setParams: SetUrlParams;
  only?: readonly string[]; // keys of the fields that the page can filter by; everything, and search, when omitted
}) {
  const [open, setOpen] = useState<string | null>(null); // the chip whose editor is open
  const [added, setAdded] = useState<FilterField | null>(null); // chosen in the menu, without a value yet
  const picked = useRef<FilterField | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  const offered = only ? fields.filter((field) => only.includes(field.key)) : fields;
  const chips = chipsOf(params).filter((chip) => offered.includes(chip.field));
  const words = only ? '' : wordsOfAddress(params);
  const range = rangeOf(params);
  const done = () => {
    setOpen(null);
    setAdded(null);
  };
  const backToMenu = () => bar.current?.querySelector<HTMLElement>('.add-filter')?.focus();
  const chooseRange = (value: Range) => {
    if (value === 'custom') return setOpen('time');
    setParams((next) => {
      ['startDate', 'endDate', 'range'].forEach((param) => next.delete(param));
      if (value !== 'all') next.set('range', value);
    });
  };
  const toggle = (key: string) => (wanted: boolean) => (wanted ? setOpen(key) : done());
  return (
    <div className="filter-bar" ref={bar}>
      <div className="row wrapping">
        {!only && <SearchField words={words} setParams={setParams} />}
        <div className="time-range">
          <SelectField<Range>
            label="Time range"
            hideLabel
            value={range}
            onChange={chooseRange}
            options={[...ranges, {value: 'custom', label: 'Custom range…'}]}
          />
        </div>
      </div>
      <div className="row wrapping chips">
        {(range === 'custom' || open === 'time') && (
          <RemovableChip
            label="Started"
            text={rangeText(params)}
            open={open === 'time'}
            onOpenChange={toggle('time')}
            onRemove={() => {
              done();
              chooseRange('all');
            }}
            editor={<CustomRange params={params} setParams={setParams} onDone={done} />}
          />
        )}
        {chips.map((chip) => (
          <RemovableChip
            key={chip.key}
            label={chip.field.label}
            text={chip.text}
            open={open === chip.key}
            onOpenChange={toggle(chip.key)}
            onRemove={() => {
              setParams((next) => chip.params.forEach((param) => next.delete(param)));
              backToMenu();
            }}
            editor={
              <FieldEditor
                field={chip.field}
                params={params}
                setParams={setParams}
                onDone={done}
                pair={chip.field.kind === 'pair' ? chip.key.slice(chip.field.key.length + 1) : undefined}
              />
            }
          />
        ))}
        {added && (
          <RemovableChip
            label={added.label}
            text=""
            open={open === 'added'}
            onOpenChange={toggle('added')}
            onRemove={() => {
              done();
              backToMenu();
            }}
            editor={
              <FieldEditor
                key={added.key}
                field={added}
                params={params}
                setParams={setParams}
                onDone={() => {
                  done();
                  backToMenu();
                }}
              />
            }
          />
        )}
        <Menu
          align="start"
          label="Filter by"
          trigger={
            <Button size="small" className="add-filter" icon={<ListFilter size={13} aria-hidden />}>
              Add filter
            </Button>
          }
          onClosed={(event) => {
            const field = picked.current;
            picked.current = null;
            if (!field) return;
            // Focus goes into the editor that opens, not back to the button.
            event.preventDefault();
            const present = field.kind !== 'pair' && chips.some((chip) => chip.key === field.key);
            setAdded(present ? null : field);
            setOpen(present ? field.key : 'added');
          }}
          items={offered.map((field) => ({
            label: field.label,
            onSelect: () => {
              picked.current = field;
            },
          }))}
        />
        {(chips.length > 0 || range !== 'all' || words) && (
          <Button
            size="small"
            variant="ghost"
            onClick={() => {
              done();
              setParams(clearFilters);
            }}>
            Clear all
          </Button>
        )}
      </div>
    </div>
  );
}
