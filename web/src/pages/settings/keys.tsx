// API keys of the project: made (and shown once), limited, revoked.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {KeyRound, Plus} from 'lucide-react';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {snippets} from '../../content/snippets';
import {
  Ago,
  Badge,
  Button,
  CodeBlock,
  Dialog,
  EmptyState,
  formatNumber,
  MoreMenu,
  Note,
  NumberField,
  Secret,
  Tabs,
  TextField,
  useFeedback,
} from '../../ui';
import {capFromFields, CapFields, capText, toCapFields} from './caps';
import {EmptyHead, FormDialog, Loaded, Section, Table, useConfirmed, useNewDialog, useProjectKey} from './parts';

type ApiKey = Schemas['ApiKey'];

// The key itself, this once, and how to use it.
function NewKey({created, onClose}: {created: Schemas['ApiKeyCreated']; onClose: () => void}) {
  const ways = snippets({url: location.origin, key: created.key});
  const [way, setWay] = useState(ways[0]!.name);
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={`The key “${created.name}”`}
      actions={
        <Button variant="primary" onClick={onClose}>
          I have copied it
        </Button>
      }>
      <Note tone="warn">Copy the key now. The server keeps no copy that could be shown again.</Note>
      <Secret value={created.key} label="API key" />
      <Tabs
        label="How to use it"
        value={way}
        onChange={setWay}
        tabs={ways.map(({name}) => ({value: name, label: name}))}>
        {ways
          .filter(({name}) => name === way)
          .map(({code, language}) => (
            <CodeBlock key={language} code={code} language={language} />
          ))}
      </Tabs>
    </Dialog>
  );
}

function CreateKey({
  onClose,
  onCreated,
}: {
  onClose: () => void;
  onCreated: (created: Schemas['ApiKeyCreated']) => void;
}) {
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const stale = useProjectKey('api-keys');
  const save = async () => {
    const created = await call(api.POST('/api/v1/api-keys', {body: {name: name.trim()}}));
    onClose();
    onCreated(created);
    await queries.invalidateQueries({queryKey: stale});
  };
  return (
    <FormDialog
      title="New API key"
      description="For one application or one person, so that it can be revoked without disturbing the others."
      save="Create"
      onClose={onClose}
      onSave={save}
      disabled={name.trim() === ''}>
      <TextField
        label="Name"
        placeholder="checkout service"
        required
        maxLength={100}
        autoFocus
        value={name}
        onChange={setName}
      />
    </FormDialog>
  );
}

export function EditKey({
  apiKey,
  onClose,
}: {
  apiKey: Pick<ApiKey, 'id' | 'name' | 'requestsPerMinute' | 'spendCap'>;
  onClose: () => void;
}) {
  const [name, setName] = useState(apiKey.name);
  const [rate, setRate] = useState<number | null>(apiKey.requestsPerMinute);
  const [cap, setCap] = useState(toCapFields(apiKey.spendCap));
  const queries = useQueryClient();
  const stale = useProjectKey('api-keys');
  const usage = useProjectKey('usage');
  const {toast} = useFeedback();
  const save = async () => {
    await call(
      api.PUT('/api/v1/api-keys/{keyId}', {
        params: {path: {keyId: apiKey.id}},
        body: {name: name.trim(), requestsPerMinute: rate, spendCap: capFromFields(cap)},
      }),
    );
    onClose();
    toast('Saved. It holds from the next request on.');
    await Promise.all([queries.invalidateQueries({queryKey: stale}), queries.invalidateQueries({queryKey: usage})]);
  };
  return (
    <FormDialog title="Edit the key" onClose={onClose} onSave={save} disabled={name.trim() === ''}>
      <TextField label="Name" required maxLength={100} autoFocus value={name} onChange={setName} />
      <NumberField
        label="Requests a minute"
        hint="Empty: no limit. What goes beyond is told to come back later."
        value={rate}
        onChange={setRate}
      />
      <CapFields
        value={cap}
        onChange={setCap}
        hint="Empty: no cap of its own. Once it is reached, calls to models are refused until the next day or month."
      />
    </FormDialog>
  );
}

function KeyRow({apiKey, onEdit, onRevoke}: {apiKey: ApiKey; onEdit: () => void; onRevoke: () => void}) {
  const limits = [
    apiKey.requestsPerMinute && `${formatNumber(apiKey.requestsPerMinute)} a minute`,
    apiKey.spendCap && capText(apiKey.spendCap),
  ].filter(Boolean);
  return (
    <tr className={apiKey.revokedAt ? 'off' : ''}>
      <td className="cell-name">
        <div className="row">
          <span className="truncate">{apiKey.name}</span>
          {apiKey.revokedAt && <Badge>revoked</Badge>}
        </div>
      </td>
      <td className="mono">{apiKey.prefix}…</td>
      <td className="soft">{limits.join(', ') || 'none'}</td>
      <td className="soft">
        {apiKey.revokedAt ? (
          <>
            revoked <Ago time={apiKey.revokedAt} />
          </>
        ) : (
          <Ago time={apiKey.lastUsedAt} />
        )}
      </td>
      <td className="soft">
        <Ago time={apiKey.createdAt} />
        <div className="small faint truncate cell-by" title={apiKey.createdBy}>
          by {apiKey.createdBy}
        </div>
      </td>
      <td className="cell-actions">
        {!apiKey.revokedAt && (
          <MoreMenu
            size="small"
            label={`Actions for ${apiKey.name}`}
            items={[
              {label: 'Edit name and limits…', onSelect: onEdit},
              'separator',
              {label: 'Revoke…', danger: true, onSelect: onRevoke},
            ]}
          />
        )}
      </td>
    </tr>
  );
}

export function Keys() {
  const key = useProjectKey('api-keys');
  const keys = useQuery({queryKey: key, queryFn: () => call(api.GET('/api/v1/api-keys'))});
  const [creating, setCreating] = useNewDialog();
  const [created, setCreated] = useState<Schemas['ApiKeyCreated'] | null>(null);
  const [editing, setEditing] = useState<ApiKey | null>(null);
  const confirmed = useConfirmed(key);
  const revoke = (one: ApiKey) =>
    confirmed(
      {
        title: `Revoke “${one.name}”?`,
        text: 'What uses it stops working at once. This cannot be undone.',
        confirm: 'Revoke',
      },
      () => call(api.DELETE('/api/v1/api-keys/{keyId}', {params: {path: {keyId: one.id}}})),
      `“${one.name}” was revoked.`,
    );
  const create = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)}>
      New key
    </Button>
  );
  return (
    <Section
      title="API keys"
      lead="Applications use them to send spans, run prompts and call models in this project."
      actions={create}>
      <Loaded query={keys}>
        {({apiKeys}) =>
          apiKeys.length === 0 ? (
            <EmptyState icon={<KeyRound size={20} />} title="No keys yet" actions={create}>
              Make one for each application that uses this project.
            </EmptyState>
          ) : (
            <Table
              label="API keys"
              head={
                <>
                  <th scope="col">Name</th>
                  <th scope="col">Key</th>
                  <th scope="col">Limits</th>
                  <th scope="col">Last used</th>
                  <th scope="col">Made</th>
                  <EmptyHead>Actions</EmptyHead>
                </>
              }>
              {[...apiKeys]
                .sort((a, b) => Number(a.revokedAt !== null) - Number(b.revokedAt !== null))
                .map((one) => (
                  <KeyRow key={one.id} apiKey={one} onEdit={() => setEditing(one)} onRevoke={() => void revoke(one)} />
                ))}
            </Table>
          )
        }
      </Loaded>
      {creating && <CreateKey onClose={() => setCreating(false)} onCreated={setCreated} />}
      {created && <NewKey created={created} onClose={() => setCreated(null)} />}
      {editing && <EditKey apiKey={editing} onClose={() => setEditing(null)} />}
    </Section>
  );
}
