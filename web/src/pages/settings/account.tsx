// The member's own account, and how the dashboard looks to them.
import {useQueryClient} from '@tanstack/react-query';
import {Monitor, Moon, Sun} from 'lucide-react';
import {useState, type ReactNode} from 'react';
import {api, call} from '../../api/client';
import {sessionKey, useAdoptSession, useSession} from '../../api/session';
import {applyTheme, storedTheme, type Theme} from '../../shell/theme';
import {Badge, Button, Card, formatDay, Note, Stat, Stats, TextField, useFeedback, useSubmit} from '../../ui';
import {Section} from './parts';

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
