// Connections to providers: listed, added, tested, deleted.
import {useQuery} from '@tanstack/react-query';
import {CheckCircle2, Plug, Plus} from 'lucide-react';
import {useId, useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {useModels} from '../../editor/ModelPicker';
import {Ago, Badge, Button, Card, Dialog, EmptyState, Field, formatLatency, MoreMenu, Note, useSubmit} from '../../ui';
import {ConnectionForm} from './connection-form';
import {EmptyHead, Loaded, Section, Table, useConfirmed, useNewDialog, useProjectKey} from './parts';
import {adviceFor, needsModel, protocolNames} from './protocols';

type Connection = Schemas['Connection'];
type Result = Schemas['ConnectionTestResult'];

function TestResult({result, model}: {result: Result; model: string}) {
  if (result.ok) {
    return (
      <div className="note good" role="status">
        <CheckCircle2 size={16} aria-hidden />
        <div className="grow">
          It works. {model ? `“${model}” answered` : 'The provider listed its models'} in{' '}
          {formatLatency(result.latencyMs)}.
        </div>
      </div>
    );
  }
  return (
    <Note tone="bad">
      <strong>It does not work.</strong> {adviceFor(result.error ?? '')}
      {result.error && <div className="soft small wrap">The provider said: {result.error}</div>}
    </Note>
  );
}

function TestDialog({connection, onClose}: {connection: Connection; onClose: () => void}) {
  const models = useModels();
  const known = (models.data?.models ?? [])
    .filter((one) => one.provider === connection.protocol)
    .map((one) => one.model);
  const [model, setModel] = useState('');
  const [result, setResult] = useState<{result: Result; model: string} | null>(null);
  const list = useId();
  const required = needsModel(connection.protocol);
  const {error, busy, submit} = useSubmit(async () => {
    const tried = model.trim();
    setResult(null);
    setResult({
      model: tried,
      result: await call(
        api.POST('/api/v1/connections/{connectionId}/test', {
          params: {path: {connectionId: connection.id}},
          body: tried ? {model: tried} : {},
        }),
      ),
    });
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Test “${connection.name}”`}
      description="Makes one small real call. No span is stored.">
      <form className="column" onSubmit={submit}>
        <Field
          label={required ? 'Model' : 'Model (optional)'}
          hint={
            required
              ? 'This provider cannot list its models, so one has to be called.'
              : 'With a model, a few tokens are asked of it. Without one, the list of models is asked for.'
          }>
          {(control) => (
            <input
              {...control}
              className="input"
              list={list}
              required={required}
              maxLength={256}
              value={model}
              autoFocus
              onChange={(event) => setModel(event.target.value)}
            />
          )}
        </Field>
        <datalist id={list}>
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {result && <TestResult {...result} />}
        {error && <Note tone="bad">{error}</Note>}
        <div className="row form-actions">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {result ? 'Test again' : 'Test'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

// Keys that are not a connection: they are changed where the server runs.
function FromEnvironment({providers}: {providers: Schemas['EnvironmentProvider'][]}) {
  const names = providers.map(({provider}) => protocolNames[provider as Schemas['ConnectionProtocol']] ?? provider);
  return (
    <Card title="From the server’s environment">
      <div className="column">
        <div className="row wrapping" role="list" aria-label="Providers of the server’s environment">
          {names.map((name) => (
            <span key={name} role="listitem">
              <Badge>{name}</Badge>
            </span>
          ))}
        </div>
        <p className="soft">
          This project may use these without a connection, with the keys that the server was started with. A connection for
          the same provider goes before them.
        </p>
      </div>
    </Card>
  );
}

export function Connections() {
  const key = useProjectKey('connections');
  const connections = useQuery({queryKey: key, queryFn: () => call(api.GET('/api/v1/connections'))});
  const [creating, setCreating] = useNewDialog();
  const [editing, setEditing] = useState<Connection | null>(null);
  const [testing, setTesting] = useState<Connection | null>(null);
  const confirmed = useConfirmed(key);
  const remove = (one: Connection) =>
    confirmed(
      {
        title: `Delete “${one.name}”?`,
        text: 'Prompts that name it can no longer be run. Its key is forgotten.',
        confirm: 'Delete',
      },
      () => call(api.DELETE('/api/v1/connections/{connectionId}', {params: {path: {connectionId: one.id}}})),
      `“${one.name}” was deleted.`,
    );
  const add = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)}>
      Add a connection
    </Button>
  );
  return (
    <Section
      title="Providers"
      actions={add}
      lead="How this project reaches models: providers with your keys, and any server that speaks OpenAI’s protocol.">
      <Loaded query={connections}>
        {({connections: list, environment}) => (
          <>
          {environment.length > 0 && <FromEnvironment providers={environment} />}
          {list.length === 0 ? (
            <EmptyState icon={<Plug size={20} />} title="No connections yet" actions={add}>
              Add the key of a provider, and prompts can be run. Keys that the server’s environment has (OPENAI_API_KEY
              and the like) serve the first project without a connection.
            </EmptyState>
          ) : (
            <Table
              label="Connections"
              head={
                <>
                  <th scope="col">Name</th>
                  <th scope="col">Protocol</th>
                  <th scope="col">Address</th>
                  <th scope="col">Key</th>
                  <th scope="col">Changed</th>
                  <EmptyHead>Actions</EmptyHead>
                </>
              }>
              {list.map((one) => (
                <tr key={one.id}>
                  <td className="cell-name truncate">{one.name}</td>
                  <td>{protocolNames[one.protocol]}</td>
                  <td className="soft wrap">
                    {one.baseUrl ?? 'the vendor’s own'}
                    {one.region && `, ${one.region}`}
                  </td>
                  <td className="mono soft">
                    {one.hasKey
                      ? `…${one.keyEnd ?? ''}`
                      : one.headerNames.length > 0
                        ? one.headerNames.join(', ')
                        : 'none'}
                  </td>
                  <td className="soft">
                    <Ago time={one.updatedAt} />
                  </td>
                  <td className="cell-actions">
                    <div className="row">
                      <Button size="small" onClick={() => setTesting(one)} aria-label={`Test ${one.name}`}>
                        Test
                      </Button>
                      <MoreMenu
                        size="small"
                        label={`Actions for ${one.name}`}
                        items={[
                          {label: 'Edit…', onSelect: () => setEditing(one)},
                          'separator',
                          {label: 'Delete…', danger: true, onSelect: () => void remove(one)},
                        ]}
                      />
                    </div>
                  </td>
                </tr>
              ))}
            </Table>
          )}
          </>
        )}
      </Loaded>
      {creating && (
        <ConnectionForm
          onClose={() => setCreating(false)}
          onSaved={(saved) => {
            setCreating(false);
            setTesting(saved);
          }}
        />
      )}
      {editing && (
        <ConnectionForm
          connection={editing}
          onClose={() => setEditing(null)}
          onSaved={(saved) => {
            setEditing(null);
            setTesting(saved);
          }}
        />
      )}
      {testing && <TestDialog connection={testing} onClose={() => setTesting(null)} />}
    </Section>
  );
}
