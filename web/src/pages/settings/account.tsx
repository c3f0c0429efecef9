// The member's own account, and how the dashboard looks to them.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Monitor, Moon, Sun} from 'lucide-react';
import {useState, type ReactNode} from 'react';
import {api, call} from '../../api/client';
import {sessionKey, useAdoptSession, useSession} from '../../api/session';
import {applyTheme, storedTheme, type Theme} from '../../shell/theme';
import {Ago, Badge, Button, Card, formatDay, Note, Stat, Stats, TextField, useFeedback, useSubmit} from '../../ui';
import {EmptyHead, Loaded, Section, Table, useConfirmed} from './parts';

function Name() {
  const {session} = useSession();
  const [name, setName] = useState(session.member.name);
  const queries = useQueryClient();
  const {toast} = useFeedback();
  const {error, busy, submit} = useSubmit(async () => {
    await call(
      api.PUT('/api/v1/members/{memberId}', {params: {path: {memberId: session.member.id}}, body: {name: name.trim()}}),
    );
    await queries.refetchQueries({queryKey: sessionKey});
    toast('Your name was changed.');
  });
  return (
    <form className="column form-narrow" onSubmit={submit}>
      <TextField label="Name" autoComplete="name" required maxLength={100} value={name} onChange={setName} />
      {error && <Note tone="bad">{error}</Note>}
      <div>
        <Button
          type="submit"
          variant="primary"
          busy={busy}
          disabled={name.trim() === '' || name.trim() === session.member.name}>
          Save
        </Button>
      </div>
    </form>
  );
}

function Password() {
  const {session} = useSession();
  const adopt = useAdoptSession();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const {toast} = useFeedback();
  const {error, busy, submit} = useSubmit(async () => {
    adopt(await call(api.POST('/api/v1/auth/password', {body: {current, new: next}})));
    setCurrent('');
    setNext('');
    toast('Your password was changed. You were signed out everywhere else.');
  });
  return (
    <form className="column form-narrow" onSubmit={submit}>
      {/* Password managers ask whose password it is. */}
      <input type="hidden" autoComplete="username" name="username" value={session.member.email} />
      <TextField
        label="Current password"
        type="password"
        autoComplete="current-password"
        required
        value={current}
        onChange={setCurrent}
      />
      <TextField
        label="New password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={256}
        hint="10 characters or more"
        value={next}
        onChange={setNext}
      />
      {error && <Note tone="bad">{error}</Note>}
      <div>
        <Button type="submit" variant="primary" busy={busy} disabled={current === '' || next === ''}>
          Change the password
        </Button>
      </div>
    </form>
  );
}

// "Firefox on Linux", of what a browser says about itself; the whole text is in the title.
export function deviceName(userAgent: string): string {
  if (userAgent === '') return 'Unknown browser';
  const browsers = [
    ['Edge', /Edg(e|A|iOS)?\//],
    ['Opera', /OPR\//],
    ['Firefox', /(Firefox|FxiOS)\//],
    ['Chrome', /(Chrome|CriOS)\//],
    ['Safari', /Safari\//],
  ] as const;
  const systems = [
    ['Android', /Android/],
    ['iPhone', /iPhone/],
    ['iPad', /iPad/],
    ['Windows', /Windows/],
    ['macOS', /Mac OS X/],
    ['Linux', /Linux/],
  ] as const;
  const find = (list: readonly (readonly [string, RegExp])[]) => list.find(([, sign]) => sign.test(userAgent))?.[0];
  const browser = find(browsers) ?? userAgent.split(/[ /]/)[0]!;
  const system = find(systems);
  return system ? `${browser} on ${system}` : browser;
}

function Sessions() {
  const key = ['signed-in'];
  const query = useQuery({queryKey: key, queryFn: () => call(api.GET('/api/v1/auth/sessions'))});
  const confirmed = useConfirmed(key);
  const end = (sessionId: string, name: string) =>
    confirmed(
      {title: 'Sign out there?', text: `${name} has to sign in again.`, confirm: 'Sign out'},
      () => call(api.DELETE('/api/v1/auth/sessions/{sessionId}', {params: {path: {sessionId}}})),
      'Signed out there.',
    );
  const endOthers = () =>
    confirmed(
      {title: 'Sign out everywhere else?', text: 'Every other browser has to sign in again.', confirm: 'Sign out'},
      () => call(api.DELETE('/api/v1/auth/sessions')),
      'You are signed in only here.',
    );
  return (
    <Loaded query={query}>
      {({sessions}) => (
        <div className="column">
          <Table
            label="Where you are signed in"
            head={
              <>
                <th scope="col">Browser</th>
                <th scope="col">Signed in</th>
                <th scope="col">Last seen</th>
                <EmptyHead>Actions</EmptyHead>
              </>
            }>
            {sessions.map((one) => (
              <tr key={one.id}>
                <td className="cell-name">
                  <div className="row">
                    <span className="truncate" title={one.device}>
                      {deviceName(one.device)}
                    </span>
                    {one.current && <Badge tone="accent">this one</Badge>}
                  </div>
                </td>
                <td className="soft">
                  <Ago time={one.createdAt} />
                </td>
                <td className="soft">
                  <Ago time={one.lastSeenAt} />
                </td>
                <td className="cell-actions">
                  {!one.current && (
                    <Button
                      size="small"
                      aria-label={`Sign out ${deviceName(one.device)}`}
                      onClick={() => void end(one.id, deviceName(one.device))}>
                      Sign out
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
          {sessions.length > 1 && (
            <div>
              <Button onClick={() => void endOthers()}>Sign out everywhere else</Button>
            </div>
          )}
        </div>
      )}
    </Loaded>
  );
}

export function Account() {
  const {
    session: {member},
  } = useSession();
  return (
    <Section title="Account">
      <Card title="You">
        <div className="column">
          <Stats>
            <Stat label="Email" value={member.email} />
            <Stat label="Role" value={<Badge tone="accent">{member.role}</Badge>} />
            <Stat label="Member since" value={formatDay(member.createdAt)} />
          </Stats>
          <Name />
        </div>
      </Card>
      <Card title="Password">
        <div className="column">
          <p className="soft">Changing it ends all your other sessions: on every other device you are signed out.</p>
          <Password />
        </div>
      </Card>
      <Card title="Where you are signed in">
        <Sessions />
      </Card>
    </Section>
  );
}

const themes: {value: Theme; label: string; about: string; icon: ReactNode}[] = [
  {
    value: 'system',
    label: 'As the system',
    about: 'Light by day, dark by night, if your device does so',
    icon: <Monitor size={18} aria-hidden />,
  },
  {value: 'light', label: 'Light', about: 'Dark text on white', icon: <Sun size={18} aria-hidden />},
  {value: 'dark', label: 'Dark', about: 'Light text on black', icon: <Moon size={18} aria-hidden />},
];

export function Appearance() {
  const [theme, setTheme] = useState(storedTheme());
  return (
    <Section title="Appearance" lead="Kept in this browser.">
      <div className="choice-grid" role="group" aria-label="Theme">
        {themes.map((one) => (
          <button
            key={one.value}
            type="button"
            className="choice"
            aria-pressed={one.value === theme}
            onClick={() => {
              applyTheme(one.value);
              setTheme(one.value);
            }}>
            {one.icon}
            <strong>{one.label}</strong>
            <span className="small soft">{one.about}</span>
          </button>
        ))}
      </div>
    </Section>
  );
}
