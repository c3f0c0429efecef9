// Adds or changes a connection. Secrets are typed, never shown: an empty field keeps what is stored.
import {useQueryClient} from '@tanstack/react-query';
import {Plus, X} from 'lucide-react';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {Button, Checkbox, Dialog, Field, IconButton, Note, SelectField, TextField} from '../../ui';
import {FormDialog, useProjectKey} from './parts';
import {kinds, protocolNames, type Kind, type Protocol} from './protocols';

type Connection = Schemas['Connection'];
interface Header {
  name: string;
  value: string;
}

function Headers({headers, onChange}: {headers: Header[]; onChange: (headers: Header[]) => void}) {
  const set = (index: number, change: Partial<Header>) =>
    onChange(headers.map((one, i) => (i === index ? {...one, ...change} : one)));
  return (
    <div className="column tight">
      {headers.map((header, i) => (
        <div key={i} className="header-line">
          <TextField
            label={`Header ${i + 1}`}
            hideLabel={i > 0}
            required
            placeholder="x-team"
            value={header.name}
            onChange={(name) => set(i, {name})}
          />
          <TextField
            label={`Value ${i + 1}`}
            hideLabel={i > 0}
            required
            type="password"
            autoComplete="off"
            value={header.value}
            onChange={(value) => set(i, {value})}
          />
          <IconButton label={`Remove header ${i + 1}`} onClick={() => onChange(headers.filter((_, at) => at !== i))}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
      <div>
        <Button
          size="small"
          variant="ghost"
          icon={<Plus size={13} aria-hidden />}
          disabled={headers.length >= 20}
          onClick={() => onChange([...headers, {name: '', value: ''}])}>
          Add a header
        </Button>
      </div>
    </div>
  );
}

function KindChoice({onChoose}: {onChoose: (kind: Kind) => void}) {
  return (
    <div className="choice-grid" role="group" aria-label="Which provider?">
      {kinds.map((kind, i) => (
        <button key={kind.id} type="button" className="choice" autoFocus={i === 0} onClick={() => onChoose(kind)}>
          <strong>{kind.title}</strong>
          <span className="small soft">{kind.about}</span>
        </button>
      ))}
    </div>
  );
}

export function ConnectionForm({
  connection,
  onClose,
  onSaved,
}: {
  connection?: Connection;
  onClose: () => void;
  onSaved: (saved: Connection) => void;
}) {
  const [kind, setKind] = useState<Kind | null>(null);
  const [name, setName] = useState(connection?.name ?? '');
  const [protocol, setProtocol] = useState<Protocol>(connection?.protocol ?? 'openai');
  const [ownUrl, setOwnUrl] = useState(connection !== undefined && connection.baseUrl !== null);
  const [baseUrl, setBaseUrl] = useState(connection?.baseUrl ?? '');
  const [region, setRegion] = useState(connection?.region ?? '');
  const [key, setKey] = useState('');
  const [forgetKey, setForgetKey] = useState(false);
  const [headers, setHeaders] = useState<Header[]>([]);
  const [replaceHeaders, setReplaceHeaders] = useState(!connection?.headerNames.length);
  const queries = useQueryClient();
  const stale = useProjectKey('connections');
  const choose = (chosen: Kind) => {
    setKind(chosen);
    setName(chosen.name);
    setProtocol(chosen.protocol);
    setOwnUrl(chosen.baseUrl !== undefined);
    setBaseUrl(chosen.baseUrl ?? '');
  };
  if (!connection && !kind) {
    return (
      <Dialog
        open
        onOpenChange={(open) => !open && onClose()}
        title="Add a connection"
        description="Where should runs of this project go?">
        <KindChoice onChoose={choose} />
      </Dialog>
    );
  }
  const save = async () => {
    const keyHeader = kind?.keyHeader && key ? [{name: kind.keyHeader, value: key}] : [];
    const sentHeaders = [...keyHeader, ...headers];
    const body: Schemas['ConnectionInput'] = {
      name: name.trim(),
      protocol,
      baseUrl: ownUrl && baseUrl.trim() ? baseUrl.trim() : null,
      ...(protocol === 'amazon_bedrock' ? {region: region.trim() || null} : {}),
      ...(forgetKey ? {key: null} : key && !kind?.keyHeader ? {key} : {}),
      ...(!connection && sentHeaders.length === 0
        ? {}
        : replaceHeaders
          ? {headers: Object.fromEntries(sentHeaders.map((one) => [one.name.trim(), one.value]))}
          : {}),
    };
    const saved = await call(
      connection
        ? api.PUT('/api/v1/connections/{connectionId}', {params: {path: {connectionId: connection.id}}, body})
        : api.POST('/api/v1/connections', {body}),
    );
    await queries.invalidateQueries({queryKey: stale});
    onSaved(saved);
  };
  const moved =
    connection && ((ownUrl ? baseUrl.trim() : '') !== (connection.baseUrl ?? '') || protocol !== connection.protocol);
  return (
    <FormDialog
      title={connection ? `Edit “${connection.name}”` : kind!.title}
      save={connection ? 'Save' : 'Add'}
      onClose={onClose}
      onSave={save}
      description={
        connection ? undefined : (
          <>
            Keys are kept sealed on this server, and never shown again.{' '}
            <Button size="small" variant="ghost" onClick={() => setKind(null)}>
              Choose another
            </Button>
          </>
        )
      }>
      <TextField
        label="Name"
        required
        autoFocus
        pattern="[A-Za-z0-9_\-]{1,64}"
        maxLength={64}
        value={name}
        onChange={setName}
        hint="What prompts and runs call it in “provider”. Letters, digits, hyphens and underscores."
      />
      {connection && (
        <SelectField
          label="Speaks the protocol of"
          value={protocol}
          onChange={setProtocol}
          options={Object.entries(protocolNames).map(([value, label]) => ({value: value as Protocol, label}))}
        />
      )}
      {ownUrl ? (
        <TextField
          label="Base URL"
          type="url"
          required={kind?.baseUrl !== undefined}
          maxLength={2048}
          placeholder="https://…/v1"
          value={baseUrl}
          onChange={setBaseUrl}
          hint={kind?.urlHint ?? 'Empty: the vendor’s own.'}
        />
      ) : (
        <Checkbox label="Use another address than the vendor’s own" checked={false} onChange={() => setOwnUrl(true)} />
      )}
      {protocol === 'amazon_bedrock' && (
        <TextField label="Region" placeholder="us-east-1" maxLength={64} value={region} onChange={setRegion} />
      )}
      <Field
        label={kind?.keyOptional ? 'Key (if it needs one)' : 'Key'}
        hint={
          connection?.hasKey
            ? `A key${connection.keyEnd ? ` that ends with “${connection.keyEnd}”` : ''} is stored. Empty keeps it.`
            : kind?.keyHint
        }>
        {(control) => (
          <input
            {...control}
            className="input"
            type="password"
            autoComplete="off"
            maxLength={8192}
            disabled={forgetKey}
            required={!connection && !kind?.keyOptional && (!ownUrl || kind?.keyHeader !== undefined)}
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        )}
      </Field>
      {connection?.hasKey && <Checkbox label="Forget the stored key" checked={forgetKey} onChange={setForgetKey} />}
      {replaceHeaders ? (
        <Headers headers={headers} onChange={setHeaders} />
      ) : (
        <div className="row between muted-box">
          <span className="wrap">Sent with each request: {connection!.headerNames.join(', ')}</span>
          <Button size="small" onClick={() => setReplaceHeaders(true)}>
            Replace…
          </Button>
        </div>
      )}
      {moved && (connection.hasKey || connection.headerNames.length > 0) && (
        <Note tone="warn">
          The address or the protocol changes. Give the key and headers again: they are not sent where they were not
          meant for.
        </Note>
      )}
    </FormDialog>
  );
}
