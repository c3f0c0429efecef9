// Projects of this server: make, open, rename, delete.
import {useQueryClient} from '@tanstack/react-query';
import {Plus} from 'lucide-react';
import {useState} from 'react';
import {useLocation} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {sessionKey, useSession} from '../../api/session';
import {Ago, Badge, Button, Card, TextField, useFeedback} from '../../ui';
import {EmptyHead, FormDialog, Section, Table, useAdminOfAll, useNewDialog} from './parts';

type Project = Schemas['Project'];

export function ProjectDialog({project, onClose}: {project?: Project; onClose: () => void}) {
  const [name, setName] = useState(project?.name ?? '');
  const queries = useQueryClient();
  const {toast} = useFeedback();
  const [, navigate] = useLocation();
  const save = async () => {
    const body = {name: name.trim()};
    const saved = await call(
      project
        ? api.PUT('/api/v1/projects/{projectId}', {params: {path: {projectId: project.id}}, body})
        : api.POST('/api/v1/projects', {body}),
    );
    // The session lists the projects; pages of a new one open only once it does.
    await queries.refetchQueries({queryKey: sessionKey});
    onClose();
    if (project) toast('The project was renamed.');
    else toast(`“${saved.name}” was created.`, {label: 'Open it', onPress: () => navigate(`~/p/${saved.id}/`)});
  };
  return (
    <FormDialog
      title={project ? 'Rename the project' : 'New project'}
      save={project ? 'Rename' : 'Create'}
      onClose={onClose}
      onSave={save}
      description={project ? undefined : 'A project has its own prompts, spans, keys and connections.'}
      disabled={name.trim() === ''}>
      <TextField label="Name" required maxLength={100} autoFocus value={name} onChange={setName} />
    </FormDialog>
  );
}

// The first project stays: the keys of the server's environment belong to it. The server says so too.
function DeleteDialog({project, onClose}: {project: Project; onClose: () => void}) {
  const {session, project: open} = useSession();
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const {toast} = useFeedback();
  const [, navigate] = useLocation();
  const remove = async () => {
    await call(
      api.DELETE('/api/v1/projects/{projectId}', {params: {path: {projectId: project.id}, query: {name: name.trim()}}}),
    );
    onClose();
    // Out of the project before the session says that it is gone.
    if (project.id === open.id) navigate(`~/p/${session.projects[0]!.id}/settings/projects`);
    await queries.refetchQueries({queryKey: sessionKey});
    toast(`“${project.name}” was deleted.`);
  };
  return (
    <FormDialog
      title={`Delete “${project.name}”?`}
      save="Delete the project"
      danger
      onClose={onClose}
      onSave={remove}
      description={
        'Its prompts, spans, evaluations, connections and settings are removed for good, and its API keys stop ' +
        'working at once. This cannot be undone.'
      }
      disabled={name.trim() !== project.name}>
      <TextField
        label="Its name, to confirm"
        hint={`Type: ${project.name}`}
        required
        autoFocus
        autoComplete="off"
        value={name}
        onChange={setName}
      />
    </FormDialog>
  );
}

function DangerZone() {
  const {session} = useSession();
  const [deleting, setDeleting] = useState<Project | null>(null);
  const [first, ...others] = session.projects;
  if (!first) return null;
  return (
    <Card title="Delete a project">
      <div className="column">
        <p className="soft">
          A project is deleted with everything in it. “{first.name}”, the first project, stays: the provider keys of the
          server’s environment belong to it.
        </p>
        <div className="row wrapping">
          {others.map((one) => (
            <Button key={one.id} size="small" variant="danger" onClick={() => setDeleting(one)}>
              Delete {one.name}…
            </Button>
          ))}
        </div>
      </div>
      {deleting && <DeleteDialog project={deleting} onClose={() => setDeleting(null)} />}
    </Card>
  );
}

export function Projects() {
  const {session, project, can} = useSession();
  const adminOfAll = useAdminOfAll();
  const [, navigate] = useLocation();
  const [creating, setCreating] = useNewDialog();
  const [renaming, setRenaming] = useState<Project | null>(null);
  return (
    <Section
      title="Projects"
      lead="Each has its own prompts, spans, keys and connections."
      actions={
        adminOfAll && (
          <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)}>
            New project
          </Button>
        )
      }>
      <Table
        label="Projects"
        head={
          <>
            <th scope="col">Name</th>
            <th scope="col">Id</th>
            <th scope="col">Made</th>
            <EmptyHead>Actions</EmptyHead>
          </>
        }>
        {session.projects.map((one) => (
          <tr key={one.id}>
            <td className="cell-name">
              <div className="row">
                <span className="truncate">{one.name}</span>
                {one.id === project.id && <Badge tone="accent">open</Badge>}
              </div>
            </td>
            <td className="mono soft">{one.id}</td>
            <td className="soft">
              <Ago time={one.createdAt} />
            </td>
            <td className="cell-actions">
              <div className="row">
                {one.id !== project.id && (
                  <Button size="small" onClick={() => navigate(`~/p/${one.id}/`)} aria-label={`Open ${one.name}`}>
                    Open
                  </Button>
                )}
                {can('admin') && (
                  <Button size="small" onClick={() => setRenaming(one)} aria-label={`Rename ${one.name}`}>
                    Rename
                  </Button>
                )}
              </div>
            </td>
          </tr>
        ))}
      </Table>
      {can('owner') && session.projects.length > 1 && <DangerZone />}
      {creating && adminOfAll && <ProjectDialog onClose={() => setCreating(false)} />}
      {renaming && <ProjectDialog project={renaming} onClose={() => setRenaming(null)} />}
    </Section>
  );
}
