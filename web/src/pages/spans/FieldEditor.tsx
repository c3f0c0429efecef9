// The forms behind the chips: one filter, or a time range of one's own.
import {useQuery} from '@tanstack/react-query';
import {useState, type FormEvent, type ReactNode} from 'react';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import type {SetUrlParams} from '../../shell/url';
import {Button, Field, SelectField, TextField} from '../../ui';
import type {FilterField, Suggestion} from './filters';

// Values that occurred in the last 30 days, the most frequent first.
function useSuggestions(by: Suggestion | undefined): string[] {
  const {project} = useSession();
  const query = useQuery({
    queryKey: ['suggestions', project.id, by],
    enabled: by !== undefined,
    staleTime: 60_000,
    retry: false, // only a help
    queryFn: () =>
      call(
        api.GET('/api/v1/analytics', {
          params: {query: {groupBy: [by!], measures: ['requests'], limit: 50}},
          querySerializer: {array: {style: 'form', explode: false}},
        }),
      ),
  });
  const rows = typeof query.data === 'object' ? query.data.rows : []; // the contract knows CSV too
  const values = rows.map((row) => (by ? row.group?.[by] : null));
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}

export function FieldEditor({
  field,
  params,
  setParams,
  pair,
  onDone,
}: {
  field: FilterField;
  params: URLSearchParams;
  setParams: SetUrlParams;
  pair?: string; // the name of the pair that is changed
  onDone: () => void;
}) {
  const [values, setValues] = useState<[string, string]>(() => {
    if (field.kind === 'range') return [params.get(field.min) ?? '', params.get(field.max) ?? ''];
    if (field.kind === 'pair')
      return [pair ?? '', pair === undefined ? '' : (params.get(`${field.param}[${pair}]`) ?? '')];
    return [params.get(field.param) ?? '', ''];
  });
  const suggestions = useSuggestions(field.kind === 'text' ? field.suggest : undefined);
  const [first, second] = values;
  const apply = (event: FormEvent) => {
    event.preventDefault();
    setParams((next) => {
      const put = (param: string, value: string) => (value.trim() ? next.set(param, value.trim()) : next.delete(param));
      if (field.kind === 'range') {
        put(field.min, first);
        put(field.max, second);
      } else if (field.kind === 'pair') {
        if (pair !== undefined) next.delete(`${field.param}[${pair}]`);
        if (first.trim()) put(`${field.param}[${first.trim()}]`, second);
      } else {
        put(field.param, first);
      }
    });
    onDone();
  };
  let body: ReactNode;
  if (field.kind === 'choice') {
    body = (
      <SelectField
        label={field.label}
        hint={field.hint}
        value={first}
        onChange={(value) => setValues([value, ''])}
        autoFocus
        options={[{value: '', label: 'Any'}, ...field.choices]}
      />
    );
  } else if (field.kind === 'range') {
    body = (
      <div className="row">
        <TextField
          label={`${field.label} at least`}
          type="number"
          min={0}
          step={field.step}
          autoFocus
          value={first}
          onChange={(value) => setValues([value, second])}
        />
        <TextField
          label="at most"
          type="number"
          min={0}
          step={field.step}
          value={second}
          onChange={(value) => setValues([first, value])}
        />
      </div>
    );
  } else if (field.kind === 'pair') {
    body = (
      <div className="row">
        <TextField
          label={field.nameLabel}
          autoFocus
          required
          value={first}
          onChange={(value) => setValues([value, second])}
        />
        <TextField label="is exactly" required value={second} onChange={(value) => setValues([first, value])} />
      </div>
    );
  } else {
    body = (
      <Field label={field.label} hint={field.hint}>
        {(control) => (
          <>
            <input
              {...control}
              className="input"
              autoFocus
              list={`${control.id}-list`}
              value={first}
              maxLength={256}
              inputMode={field.digits ? 'numeric' : undefined}
              pattern={field.digits ? '[0-9]+' : undefined}
              minLength={field.param === 'contains' ? 3 : undefined}
              onChange={(event) => setValues([event.target.value, ''])}
            />
            <datalist id={`${control.id}-list`}>
              {suggestions.map((value) => (
                <option key={value} value={value} />
              ))}
            </datalist>
          </>
        )}
      </Field>
    );
  }
  return (
    <form className="column filter-editor" onSubmit={apply}>
      {body}
      {field.kind === 'range' && field.hint && <p className="field-hint">{field.hint}</p>}
      <div className="row">
        <Button type="submit" variant="primary" size="small">
          Apply
        </Button>
        <Button size="small" variant="ghost" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

const localInput = (iso: string | null) => {
  if (!iso || Number.isNaN(Date.parse(iso))) return '';
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

export function CustomRange({
  params,
  setParams,
  onDone,
}: {
  params: URLSearchParams;
  setParams: SetUrlParams;
  onDone: () => void;
}) {
  const [start, setStart] = useState(localInput(params.get('startDate')));
  const [end, setEnd] = useState(localInput(params.get('endDate')));
  const apply = (event: FormEvent) => {
    event.preventDefault();
    setParams((next) => {
      next.delete('range');
      for (const [name, value] of [
        ['startDate', start],
        ['endDate', end],
      ] as const) {
        if (value) next.set(name, new Date(value).toISOString());
        else next.delete(name);
      }
    });
    onDone();
  };
  return (
    <form className="column filter-editor" onSubmit={apply}>
      <TextField label="From" type="datetime-local" autoFocus value={start} onChange={setStart} />
      <TextField label="Until" type="datetime-local" value={end} onChange={setEnd} min={start} />
      <div className="row">
        <Button type="submit" variant="primary" size="small">
          Apply
        </Button>
      </div>
    </form>
  );
}
