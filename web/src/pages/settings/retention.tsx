// How long spans are kept, and forgetting one person.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {
  Button,
  Card,
  formatDay,
  formatNumber,
  Note,
  plural,
  SelectField,
  Stat,
  Stats,
  TextField,
  useFeedback,
  useSubmit,
} from '../../ui';
import {Loaded, Section, useProjectKey} from './parts';

type Retention = Schemas['Retention'];
const usual = [7, 30, 90, 180, 365];

function RetentionForm({retention}: {retention: Retention}) {
  const {can} = useSession();
  const [days, setDays] = useState(retention.days === null ? '' : String(retention.days));
  const [own, setOwn] = useState(retention.days !== null && !usual.includes(retention.days));
  const queries = useQueryClient();
  const stale = useProjectKey('retention');
  const {toast, confirm} = useFeedback();
  const wanted = days.trim() === '' ? null : Number(days);
  const {error, busy, submit} = useSubmit(async () => {
    const shorter = wanted !== null && (retention.days === null || wanted < retention.days);
    if (
      shorter &&
      !(await confirm({
        title: `Keep spans for ${plural(wanted, 'day')}?`,
        confirm: 'Delete what is older',
        danger: true,
        text: 'Spans that started longer ago are deleted with their evaluations, soon. That cannot be undone.',
      }))
    )
      return;
    queries.setQueryData(stale, await call(api.PUT('/api/v1/retention', {body: {days: wanted}})));
    toast('Saved.');
  });
  return (
    <Card title="Spans">
      <div className="column">
        <Stats>
          <Stat label="Kept" value={retention.days === null ? 'for ever' : plural(retention.days, 'day')} />
          <Stat label="Oldest span" value={retention.oldestSpan ? formatDay(retention.oldestSpan) : 'none'} />
          <Stat
            label="Deleted next"
            value={retention.spansPastRetention === null ? 'very many' : formatNumber(retention.spansPastRetention)}
            detail="spans"
          />
        </Stats>
        {retention.serverDays !== null && (
          <Note>
            The server itself keeps no span longer than {plural(retention.serverDays, 'day')}. The shorter of the two
            holds.
          </Note>
        )}
        {can('admin') && (
          <form className="column form-narrow" onSubmit={submit}>
            <SelectField
              label="Keep spans"
              value={own ? 'own' : days}
              onChange={(value) => {
                setOwn(value === 'own');
                if (value !== 'own') setDays(value);
              }}
              options={[
                {value: '', label: 'for ever'},
                ...usual.map((count) => ({value: String(count), label: plural(count, 'day')})),
                {value: 'own', label: 'for a number of days …'},
              ]}
            />
            {own && (
              <TextField
                label="Days"
                type="number"
                required
                min={1}
                max={36500}
                step={1}
                value={days}
                onChange={setDays}
              />
            )}
            {error && <Note tone="bad">{error}</Note>}
            <div>
              <Button type="submit" variant="primary" busy={busy} disabled={wanted === retention.days}>
                Save
              </Button>
            </div>
          </form>
        )}
      </div>
    </Card>
  );
}

// A user with very many spans takes several requests; each says what it deleted.
async function forget(userId: string): Promise<number> {
  let deleted = 0;
  for (;;) {
    const answer = await call(api.DELETE('/api/v1/users/{userId}/spans', {params: {path: {userId}}}));
    deleted += answer.deleted;
    if (answer.complete) return deleted;
  }
}

function Forget() {
  const [userId, setUserId] = useState('');
  const [done, setDone] = useState<string | null>(null);
  const {confirm} = useFeedback();
  const queries = useQueryClient();
  const {error, busy, submit} = useSubmit(async () => {
    setDone(null);
    if (
      !(await confirm({
        title: `Forget “${userId}”?`,
        confirm: 'Delete their spans',
        danger: true,
        text:
          'All spans of this end user are deleted, with their evaluations. That cannot be undone. ' +
          'Backups keep them until they are deleted too.',
      }))
    )
      return;
    const count = await forget(userId);
    setDone(`${plural(count, 'span')} of “${userId}” deleted.`);
    setUserId('');
    await queries.invalidateQueries();
  });
  return (
    <Card title="Forget a person">
      <form className="column form-narrow" onSubmit={submit}>
        <TextField
          label="End user"
          hint="The id that spans have in “userId”."
          required
          maxLength={256}
          value={userId}
          onChange={setUserId}
          autoComplete="off"
        />
        {error && <Note tone="bad">{error}</Note>}
        {done && <Note tone="good">{done}</Note>}
        <div>
          <Button type="submit" variant="danger" busy={busy} disabled={userId === ''}>
            Forget…
          </Button>
        </div>
      </form>
    </Card>
  );
}

export function Retention() {
  const {can} = useSession();
  const retention = useQuery({queryKey: useProjectKey('retention'), queryFn: () => call(api.GET('/api/v1/retention'))});
  return (
    <Section title="Retention" lead="How long this project keeps what its models said.">
      <Loaded query={retention} height={240}>
        {(data) => <RetentionForm key={String(data.days)} retention={data} />}
      </Loaded>
      {can('admin') && <Forget />}
    </Section>
  );
}
