// Before anyone is signed in: the owner's account, sign-in, an invitation.
import {useQueryClient} from '@tanstack/react-query';
import {useState, type ReactNode} from 'react';
import {api, call} from '../../api/client';
import {sessionKey, useAdoptSession, useSession, type Session} from '../../api/session';
import {Button, Dialog, Note, TextField, useSubmit} from '../../ui';

const passwordMin = 10;

export function AccountPage({title, lead, children}: {title: string; lead?: ReactNode; children?: ReactNode}) {
  return (
    <main className="account">
      <div className="account-brand"><img src="/icon.svg" alt="" width={28} height={28} />Tracia</div>
      <h1>{title}</h1>
      {lead && <p className="soft">{lead}</p>}
      {children}
    </main>
  );
}

function SignInForm({email: fixedEmail, onDone, button = 'Sign in'}: {
  email?: string;
  onDone: (session: Session) => void;
  button?: string;
}) {
  const [email, setEmail] = useState(fixedEmail ?? '');
  const [password, setPassword] = useState('');
  const {error, busy, submit} = useSubmit(async () => onDone(await call(api.POST('/api/v1/auth/login', {body: {email, password}}))));
  return (
    <form className="column" onSubmit={submit}>
      <TextField label="Email" type="email" autoComplete="username" required value={email} onChange={setEmail}
        readOnly={fixedEmail !== undefined} autoFocus={fixedEmail === undefined} />
      <TextField label="Password" type="password" autoComplete="current-password" required value={password}
        onChange={setPassword} autoFocus={fixedEmail !== undefined} />
      {error && <Note tone="bad">{error}</Note>}
      <Button type="submit" variant="primary" busy={busy}>{button}</Button>
    </form>
  );
}

export function SignIn() {
  const adopt = useAdoptSession();
  return <AccountPage title="Sign in"><SignInForm onDone={adopt} /></AccountPage>;
}

// Over the page that was open when the session ended, so that nothing typed there is lost.
export function SignInAgain({onDone}: {onDone: () => void}) {
  const {session} = useSession();
  const adopt = useAdoptSession();
  const queries = useQueryClient();
  return (
    <Dialog open onOpenChange={() => {}} title="You were signed out"
      description="Sign in again to go on. What you typed on this page is still there.">
      <SignInForm email={session.member.email} onDone={(next) => {
        adopt(next);
        onDone();
        void queries.refetchQueries({type: 'active', predicate: (query) => query.queryKey[0] !== sessionKey[0]});
      }} />
    </Dialog>
  );
}

export function NewAccountFields({name, setName, password, setPassword}: {
  name: string;
  setName: (value: string) => void;
  password: string;
  setPassword: (value: string) => void;
}) {
  return (
    <>
      <TextField label="Your name" autoComplete="name" required maxLength={100} value={name} onChange={setName} />
      <TextField label="Password" type="password" autoComplete="new-password" required minLength={passwordMin} maxLength={256}
        hint={`${passwordMin} characters or more`} value={password} onChange={setPassword} />
    </>
  );
}

export function SetUp() {
  const adopt = useAdoptSession();
  // The link that the server printed: /#/setup?token=…
  const token = location.hash.match(/token=([\w-]+)/)?.[1];
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const {error, busy, submit} = useSubmit(async () => {
    adopt(await call(api.POST('/api/v1/auth/setup', {body: {token: token ?? '', email, name, password}})));
    history.replaceState(null, '', '/');
  });
  if (!token) {
    return (
      <AccountPage title="Set up Tracia"
        lead="This server has no owner yet. Open the setup link that it printed when it started; it is in its log." />
    );
  }
  return (
    <AccountPage title="Set up Tracia" lead="Make the owner’s account. It is kept on this server only.">
      <form className="column" onSubmit={submit}>
        <TextField label="Email" type="email" autoComplete="username" required maxLength={254} autoFocus value={email} onChange={setEmail} />
        <NewAccountFields name={name} setName={setName} password={password} setPassword={setPassword} />
        {error && <Note tone="bad">{error}</Note>}
        <Button type="submit" variant="primary" busy={busy}>Create account</Button>
      </form>
    </AccountPage>
  );
}
