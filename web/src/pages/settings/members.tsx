// Members of the server, their roles, and the links that make new ones.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {UserPlus} from 'lucide-react';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {sessionKey, useSession, type Role} from '../../api/session';
import {
  Ago,
  Badge,
  Button,
  Checkbox,
  CopyButton,
  Dialog,
  formatDateTime,
  type MenuItem,
  MoreMenu,
  Note,
  SelectField,
  TextField,
  useFeedback,
} from '../../ui';
import {EmptyHead, FormDialog, Loaded, Section, Table, useConfirmed, useNewDialog} from './parts';

type Member = Schemas['Member'];
type Invitation = Schemas['Invitation'];
const membersKey = ['members'] as const;
const invitationsKey = ['invitations'] as const;

export const roleNames: Record<Role, string> = {
  owner: 'Owner: everything',
  admin: 'Admin: settings and people',
  editor: 'Editor: prompts, runs and spans',
  viewer: 'Viewer: reads only',
};

// Nobody gives a role above their own.
function RoleField({value, onChange}: {value: Role; onChange: (role: Role) => void}) {
  const {can} = useSession();
  return (
    <SelectField
      label="Role"
      value={value}
      onChange={onChange}
      options={(Object.keys(roleNames) as Role[]).map((role) => ({
        value: role,
        label: roleNames[role],
        disabled: !can(role),
      }))}
    />
  );
}

function ProjectsField({value, onChange}: {value: string[]; onChange: (ids: string[]) => void}) {
  const {session} = useSession();
  const all = value.length === 0;
  return (
    <fieldset className="column tight">
      <legend className="legend">Projects</legend>
      <Checkbox
        label="All, also those to come"
        checked={all}
        onChange={(checked) => onChange(checked ? [] : [session.projects[0]!.id])}
      />
      {!all &&
        session.projects.map((project) => (
          <Checkbox
            key={project.id}
            label={project.name}
            checked={value.includes(project.id)}
            onChange={(checked) => {
              const next = checked ? [...value, project.id] : value.filter((id) => id !== project.id);
              if (next.length > 0) onChange(next); // none would mean all
            }}
          />
        ))}
    </fieldset>
  );
}

// The link of an invitation or of a new password, this once.
function LinkDialog({made, onClose}: {made: Schemas['InvitationLink']; onClose: () => void}) {
  const {email, purpose, expiresAt} = made.invitation;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={purpose === 'join' ? 'The invitation’s link' : 'The link for a new password'}
      actions={
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      }>
      <Note tone="warn">
        Copy the link now: it is shown only this once. No mail is sent; hand it to {email} yourself.
      </Note>
      <div className="secret">
        <code className="grow wrap" aria-label="Link">
          {made.link}
        </code>
        <CopyButton text={made.link} label="Copy the link" />
      </div>
      <p className="soft small">
        Whoever has it can {purpose === 'join' ? 'join' : 'set the password'}. It works once, until{' '}
        {formatDateTime(expiresAt)}.
      </p>
    </Dialog>
  );
}

function Invite({onClose, onMade}: {onClose: () => void; onMade: (made: Schemas['InvitationLink']) => void}) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('editor');
  const [projectIds, setProjectIds] = useState<string[]>([]);
  const queries = useQueryClient();
  const save = async () => {
    const made = await call(
      api.POST('/api/v1/members/invitations', {
        body: {email: email.trim(), role, projectIds: role === 'owner' ? [] : projectIds},
      }),
    );
    onClose();
    onMade(made);
    await queries.invalidateQueries({queryKey: invitationsKey});
  };
  return (
    <FormDialog
      title="Invite somebody"
      description="Makes a link that you hand over yourself."
      save="Make the link"
      onClose={onClose}
      onSave={save}>
      <TextField label="Email" type="email" required autoFocus maxLength={254} value={email} onChange={setEmail} />
      <RoleField value={role} onChange={setRole} />
      {role !== 'owner' && <ProjectsField value={projectIds} onChange={setProjectIds} />}
    </FormDialog>
  );
}

function EditMember({member, onClose}: {member: Member; onClose: () => void}) {
  const [name, setName] = useState(member.name);
  const [role, setRole] = useState<Role>(member.role);
  const [projectIds, setProjectIds] = useState<string[]>(member.projectIds);
  const queries = useQueryClient();
  const {session} = useSession();
  const save = async () => {
    await call(
      api.PUT('/api/v1/members/{memberId}', {
        params: {path: {memberId: member.id}},
        body: {name: name.trim(), role, projectIds: role === 'owner' ? [] : projectIds},
      }),
    );
    onClose();
    await queries.invalidateQueries({queryKey: membersKey});
    if (member.id === session.member.id) await queries.invalidateQueries({queryKey: sessionKey});
  };
  return (
    <FormDialog
      title={`Edit ${member.name}`}
      description={member.email}
      onClose={onClose}
      onSave={save}
      disabled={name.trim() === ''}>
      <TextField label="Name" required autoFocus maxLength={100} value={name} onChange={setName} />
      <RoleField value={role} onChange={setRole} />
      {role !== 'owner' && <ProjectsField value={projectIds} onChange={setProjectIds} />}
    </FormDialog>
  );
}

function useMemberActions(onLink: (made: Schemas['InvitationLink']) => void) {
  const queries = useQueryClient();
  const confirmed = useConfirmed(membersKey);
  const {toast, toastError} = useFeedback();
  const path = (member: Member) => ({params: {path: {memberId: member.id}}});
  return {
    disable: (member: Member) =>
      confirmed(
        {
          title: `Disable ${member.name}?`,
          text: 'They are signed out, and cannot sign in until they are enabled again. Links they made are dead.',
          confirm: 'Disable',
        },
        () => call(api.PUT('/api/v1/members/{memberId}', {...path(member), body: {disabled: true}})),
        `${member.name} was disabled.`,
      ),
    enable: async (member: Member) => {
      try {
        await call(api.PUT('/api/v1/members/{memberId}', {...path(member), body: {disabled: false}}));
        toast(`${member.name} may sign in again.`);
      } catch (error) {
        toastError(error);
      }
      await queries.invalidateQueries({queryKey: membersKey});
    },
    remove: (member: Member) =>
      confirmed(
        {
          title: `Remove ${member.name}?`,
          text: 'They are signed out. What they made stays; API keys they made go on working.',
          confirm: 'Remove',
        },
        () => call(api.DELETE('/api/v1/members/{memberId}', path(member))),
        `${member.name} was removed.`,
      ),
    passwordLink: async (member: Member) => {
      try {
        onLink(await call(api.POST('/api/v1/members/{memberId}/password-reset-link', path(member))));
        await queries.invalidateQueries({queryKey: invitationsKey});
      } catch (error) {
        toastError(error);
      }
    },
  };
}

const projectsText = (member: {role: string; projectIds: string[]}, names: Map<string, string>) =>
  member.projectIds.length === 0 ? 'all' : member.projectIds.map((id) => names.get(id) ?? 'a deleted project').join(', ');

function Invitations({list, names}: {list: Invitation[]; names: Map<string, string>}) {
  const confirmed = useConfirmed(invitationsKey);
  const revoke = (one: Invitation) =>
    confirmed(
      {title: `Revoke the link for ${one.email}?`, text: 'It stops working at once.', confirm: 'Revoke'},
      () => call(api.DELETE('/api/v1/members/invitations/{invitationId}', {params: {path: {invitationId: one.id}}})),
      'The link was revoked.',
    );
  if (list.length === 0) return null;
  return (
    <section className="column">
      <h2>Links that wait</h2>
      <Table
        label="Invitations"
        head={
          <>
            <th scope="col">For</th>
            <th scope="col">To</th>
            <th scope="col">Role</th>
            <th scope="col">Projects</th>
            <th scope="col">From</th>
            <th scope="col">Ends</th>
            <EmptyHead>Actions</EmptyHead>
          </>
        }>
        {list.map((one) => (
          <tr key={one.id}>
            <td className="cell-name truncate">{one.email}</td>
            <td>{one.purpose === 'join' ? 'join' : 'set a password'}</td>
            <td>{one.role}</td>
            <td className="soft wrap">{projectsText(one, names)}</td>
            <td className="soft">{one.invitedBy}</td>
            <td className="soft">
              <Ago time={one.expiresAt} />
            </td>
            <td className="cell-actions">
              <Button size="small" onClick={() => void revoke(one)} aria-label={`Revoke the link for ${one.email}`}>
                Revoke
              </Button>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

export function Members() {
  const {session, can} = useSession();
  const members = useQuery({queryKey: membersKey, queryFn: () => call(api.GET('/api/v1/members'))});
  const invitations = useQuery({queryKey: invitationsKey, queryFn: () => call(api.GET('/api/v1/members/invitations'))});
  const [inviting, setInviting] = useNewDialog();
  const [editing, setEditing] = useState<Member | null>(null);
  const [link, setLink] = useState<Schemas['InvitationLink'] | null>(null);
  const actions = useMemberActions(setLink);
  const names = new Map(session.projects.map((project) => [project.id, project.name]));
  const items = (member: Member): (MenuItem | 'separator')[] => [
    {label: 'Edit…', onSelect: () => setEditing(member)},
    ...(member.disabled
      ? []
      : [{label: 'Link for a new password…', onSelect: () => void actions.passwordLink(member)}]),
    'separator',
    member.disabled
      ? {label: 'Enable', onSelect: () => void actions.enable(member)}
      : {label: 'Disable…', danger: true, onSelect: () => void actions.disable(member)},
    {label: 'Remove…', danger: true, onSelect: () => void actions.remove(member)},
  ];
  return (
    <Section
      title="Members"
      lead="Everybody who may sign in to this server, and what they may do."
      actions={
        <Button variant="primary" icon={<UserPlus size={14} aria-hidden />} onClick={() => setInviting(true)}>
          Invite
        </Button>
      }>
      <Loaded query={members}>
        {({members: list}) => (
          <Table
            label="Members"
            head={
              <>
                <th scope="col">Name</th>
                <th scope="col">Email</th>
                <th scope="col">Role</th>
                <th scope="col">Projects</th>
                <th scope="col">Joined</th>
                <EmptyHead>Actions</EmptyHead>
              </>
            }>
            {list.map((member) => (
              <tr key={member.id} className={member.disabled ? 'off' : ''}>
                <td className="cell-name">
                  <div className="row">
                    <span className="truncate">{member.name}</span>
                    {member.id === session.member.id && <Badge tone="accent">you</Badge>}
                    {member.disabled && <Badge>disabled</Badge>}
                  </div>
                </td>
                <td className="soft wrap">{member.email}</td>
                <td>{member.role}</td>
                <td className="soft wrap">{projectsText(member, names)}</td>
                <td className="soft">
                  <Ago time={member.createdAt} />
                </td>
                <td className="cell-actions">
                  {can(member.role) && (
                    <MoreMenu size="small" label={`Actions for ${member.name}`} items={items(member)} />
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      <Loaded query={invitations} height={44}>
        {({invitations: list}) => <Invitations list={list} names={names} />}
      </Loaded>
      {inviting && <Invite onClose={() => setInviting(false)} onMade={setLink} />}
      {editing && <EditMember member={editing} onClose={() => setEditing(null)} />}
      {link && <LinkDialog made={link} onClose={() => setLink(null)} />}
    </Section>
  );
}
