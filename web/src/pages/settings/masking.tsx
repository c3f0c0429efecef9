// Masking: what is replaced in spans before anything is stored, with a text to try it on.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {EyeOff, Plus, X} from 'lucide-react';
import {useEffect, useMemo, useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {useLeaveGuard} from '../../shell/leave';
import {
  Button,
  Card,
  EmptyState,
  ErrorNote,
  IconButton,
  isSavePress,
  Note,
  SelectField,
  TextArea,
  TextField,
  useFeedback,
  useSubmit,
} from '../../ui';
import {Loaded, Section, useProjectKey} from './parts';

type Rule = Schemas['MaskingRule'];

const kindNames: Record<Rule['kind'], {label: string; name: string; mark: string}> = {
  email: {label: 'Email addresses', name: 'Email addresses', mark: '[EMAIL]'},
  credit_card: {label: 'Credit card numbers', name: 'Card numbers', mark: '[CREDIT_CARD]'},
  phone: {label: 'Phone numbers', name: 'Phone numbers', mark: '[PHONE]'},
  iban: {label: 'Bank accounts (IBAN)', name: 'Bank accounts', mark: '[IBAN]'},
  api_key: {label: 'API keys and tokens', name: 'API keys', mark: '[API_KEY]'},
  ip_address: {label: 'IP addresses', name: 'IP addresses', mark: '[IP_ADDRESS]'},
  pattern: {label: 'A pattern of your own', name: '', mark: '[MASKED]'},
};
const sample =
  'Hello, I am Ada (ada@example.com, +49 30 901820). My card is 4111 1111 1111 1111, my staff number EMP-00421.';

function RuleFields({
  rule,
  index,
  readOnly,
  onChange,
  onRemove,
}: {
  rule: Rule;
  index: number;
  readOnly: boolean;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}) {
  const setKind = (kind: Rule['kind']) => {
    const renamed = Object.values(kindNames).some((one) => one.name === rule.name) ? kindNames[kind].name : rule.name;
    const {pattern: _, ...rest} = rule;
    onChange({...rest, kind, name: renamed, ...(kind === 'pattern' ? {pattern: ''} : {})});
  };
  return (
    <div className="rule" role="group" aria-label={`Rule ${index + 1}`}>
      <SelectField
        label="Find"
        value={rule.kind}
        disabled={readOnly}
        onChange={setKind}
        options={(Object.keys(kindNames) as Rule['kind'][]).map((value) => ({value, label: kindNames[value].label}))}
      />
      <TextField
        label="Name"
        required
        maxLength={100}
        disabled={readOnly}
        value={rule.name}
        onChange={(name) => onChange({...rule, name})}
      />
      <TextField
        label="Put in its place"
        maxLength={64}
        disabled={readOnly}
        placeholder={kindNames[rule.kind].mark}
        value={rule.replacement ?? ''}
        onChange={(replacement) => {
          const {replacement: _, ...rest} = rule;
          onChange(replacement ? {...rest, replacement} : rest);
        }}
      />
      {!readOnly && (
        <IconButton className="rule-remove" label={`Remove rule ${index + 1}`} onClick={onRemove}>
          <X size={14} aria-hidden />
        </IconButton>
      )}
      {rule.kind === 'pattern' && (
        <div className="wide">
          <TextField
            className="mono"
            label="Pattern"
            required
            maxLength={1000}
            disabled={readOnly}
            spellCheck={false}
            placeholder="\bEMP-[0-9]{5}\b"
            hint="A regular expression (RE2)."
            value={rule.pattern ?? ''}
            onChange={(pattern) => onChange({...rule, pattern})}
          />
        </div>
      )}
    </div>
  );
}

// The rules as they stand in the form, tried by the server a moment after typing ends.
function Trial({rules}: {rules: Rule[]}) {
  const {project} = useSession();
  const [text, setText] = useState(sample);
  const [tried, setTried] = useState({text, rules});
  useEffect(() => {
    const timer = setTimeout(() => setTried({text, rules}), 250);
    return () => clearTimeout(timer);
  }, [text, rules]);
  const complete = tried.rules.every((rule) => rule.name.trim() !== '' && (rule.kind !== 'pattern' || rule.pattern));
  const masked = useQuery({
    queryKey: ['masking-test', project.id, tried],
    queryFn: () =>
      call(
        api.POST('/api/v1/projects/{projectId}/masking/test', {params: {path: {projectId: project.id}}, body: tried}),
      ),
    enabled: complete,
    retry: false,
    placeholderData: (before) => before,
    gcTime: 0,
  });
  return (
    <Card title="Try it">
      <div className="form-pair">
        <TextArea label="A text as it may come" rows={4} maxLength={100_000} value={text} onChange={setText} />
        <div className="field">
          <span className="legend" id="masked-label">
            What would be stored
          </span>
          <div className="muted-box masked-text" role="status" aria-labelledby="masked-label">
            {masked.error ? '' : masked.data?.text}
          </div>
        </div>
      </div>
      {!complete && <p className="field-hint">Complete the rules to see what they do.</p>}
      {masked.error && <ErrorNote error={masked.error} />}
    </Card>
  );
}

function RulesForm({stored}: {stored: Rule[]}) {
  const {project, can} = useSession();
  const [rules, setRules] = useState(stored);
  const queries = useQueryClient();
  const stale = useProjectKey('masking');
  const {toast} = useFeedback();
  const readOnly = !can('admin');
  const changed = useMemo(() => JSON.stringify(rules) !== JSON.stringify(stored), [rules, stored]);
  useLeaveGuard(changed, (path) => path === `/p/${project.id}/settings/masking`, 'The rules as you changed them are lost.');
  const {error, busy, submit} = useSubmit(async () => {
    const saved = await call(
      api.PUT('/api/v1/projects/{projectId}/masking', {params: {path: {projectId: project.id}}, body: {rules}}),
    );
    queries.setQueryData(stale, saved);
    setRules(saved.rules);
    toast('Saved. The rules hold for spans that come from now on.');
  });
  const add = () => setRules([...rules, {name: kindNames.email.name, kind: 'email'}]);
  const addButton = (
    <Button icon={<Plus size={14} aria-hidden />} onClick={add} disabled={rules.length >= 50}>
      Add a rule
    </Button>
  );
  return (
    <>
      <form
        className="column"
        onSubmit={submit}
        onKeyDown={(event) => {
          if (!isSavePress(event) || readOnly) return;
          event.preventDefault();
          event.currentTarget.requestSubmit();
        }}>
        <Card title="Rules" actions={!readOnly && rules.length > 0 && addButton}>
          {rules.length === 0 ? (
            <EmptyState icon={<EyeOff size={20} />} title="Nothing is masked" actions={!readOnly && addButton}>
              Spans are stored as they come. Add a rule to keep addresses, card numbers or keys out of them.
            </EmptyState>
          ) : (
            rules.map((rule, i) => (
              <RuleFields
                key={i}
                rule={rule}
                index={i}
                readOnly={readOnly}
                onChange={(next) => setRules(rules.map((one, at) => (at === i ? next : one)))}
                onRemove={() => setRules(rules.filter((_, at) => at !== i))}
              />
            ))
          )}
        </Card>
        {error && <Note tone="bad">{error}</Note>}
        {!readOnly && (
          <div className="row form-actions">
            {changed && <Button onClick={() => setRules(stored)}>Undo changes</Button>}
            <Button type="submit" variant="primary" busy={busy} disabled={!changed}>
              Save
            </Button>
          </div>
        )}
      </form>
      {!readOnly && <Trial rules={rules} />}
    </>
  );
}

export function Masking() {
  const {project} = useSession();
  const masking = useQuery({
    queryKey: useProjectKey('masking'),
    queryFn: () => call(api.GET('/api/v1/projects/{projectId}/masking', {params: {path: {projectId: project.id}}})),
    refetchOnWindowFocus: false,
  });
  return (
    <Section
      title="Masking"
      lead="What is replaced in inputs, outputs, variables and attributes before a span is stored. Answers to your
        applications are not changed, nor is what is stored already.">
      <Loaded query={masking} height={280}>
        {({rules}) => <RulesForm stored={rules} />}
      </Loaded>
    </Section>
  );
}
