// What is behind an invitation's link, /invite#token=…: a new account, or a new password for an old one.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {Link, useLocation} from 'wouter';
import {api, ApiError, call, type Schemas} from '../../api/client';
import {useAdoptSession} from '../../api/session';
import {Button, ErrorNote, formatDateTime, Note, Skeleton, TextField, useSubmit} from '../../ui';
import {AccountPage, NewAccountFields} from './account';

const mayDo: Record<Schemas['MemberRole'], string> = {
  owner: 'You will be able to do everything on this server.',
  admin: 'You will be able to change its settings and invite people.',
  editor: 'You will be able to write prompts, run them and see what they did.',
  viewer: 'You will be able to see prompts and what they did.',
};

function AcceptForm({token, preview}: {token: string; preview: Schemas['InvitationPreview']}) {
  const adopt = useAdoptSession();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const joins = preview.purpose === 'join';
  const {error, busy, submit} = useSubmit(async () => {
    const session = await call(
      api.POST('/api/v1/auth/accept-invitation', {body: {token, password, ...(joins ? {name: name.trim()} : {})}}),
    );
    queries.clear();
    adopt(session);
    navigate('/', {replace: true});
  });
  return (
    <form className="column" onSubmit={submit}>
      <TextField
        label="Email"
        type="email"
        autoComplete="username"
        readOnly
        value={preview.email}
        onChange={() => {}}
      />
      {joins ? (
        <NewAccountFields name={name} setName={setName} password={password} setPassword={setPassword} />
      ) : (
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          autoFocus
          minLength={10}
          maxLength={256}
          hint="10 characters or more"
          value={password}
          onChange={setPassword}
        />
      )}
      {error && <Note tone="bad">{error}</Note>}
      <Button type="submit" variant="primary" busy={busy}>
        {joins ? 'Join' : 'Set the password'}
      </Button>
      <p className="faint small">The link works once, until {formatDateTime(preview.expiresAt)}.</p>
    </form>
  );
}

export const invitationToken = () => location.hash.match(/token=([\w-]+)/)?.[1];

export default function AcceptInvitation({signedInAs}: {signedInAs?: string}) {
  const [token] = useState(invitationToken);
  const preview = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => call(api.POST('/api/v1/auth/invitation', {body: {token: token!}})),
    enabled: token !== undefined,
    staleTime: Infinity,
    gcTime: 0,
  });
  const refused = preview.error instanceof ApiError && (preview.error.status === 403 || preview.error.status === 400);
  if (!token || refused) {
    return (
      <AccountPage
        title="This link does not work"
        lead="It may have been used already, replaced by a newer one, or be older than seven days. Ask who sent it for
          another.">
        <Link href="/" className="button">
          {signedInAs ? 'Back' : 'Sign in'}
        </Link>
      </AccountPage>
    );
  }
  if (preview.error)
    return (
      <AccountPage title="Invitation">
        <ErrorNote error={preview.error} onRetry={() => void preview.refetch()} />
      </AccountPage>
    );
  if (!preview.data)
    return (
      <AccountPage title="Invitation">
        <Skeleton height={280} />
      </AccountPage>
    );
  const {purpose, role, invitedBy} = preview.data;
  return (
    <AccountPage
      title={purpose === 'join' ? 'Join Tracia' : 'Choose a new password'}
      lead={
        purpose === 'join'
          ? `${invitedBy} invites you as ${role}. ${mayDo[role]}`
          : `${invitedBy || 'Who runs this server'} made this link for you. Other devices are signed out.`
      }>
      {signedInAs && (
        <Note tone="warn">
          You are signed in as {signedInAs}. Going on signs you in as {preview.data.email} instead.
        </Note>
      )}
      <AcceptForm token={token} preview={preview.data} />
    </AccountPage>
  );
}
