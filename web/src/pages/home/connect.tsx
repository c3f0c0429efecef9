// How to call it from one's own code. An admin can make a key right here; it is filled in, and shown this once.
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {KeyRound} from 'lucide-react';
import {useState, type FormEvent} from 'react';
import {Link, useSearchParams} from 'wouter';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Card, CodeBlock, ErrorNote, Note, Secret, Tabs, TextField} from '../../ui';
import {usePrompts} from '../playground/pick';
import {languages, snippet, type Language} from './snippets';

const placeholder = 'tr_…';

function MakeKey({onMade}: {onMade: (key: string) => void}) {
  const {project} = useSession();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => call(api.POST('/api/v1/api-keys', {body: {name: name.trim()}})),
    onSuccess: (made) => {
      onMade(made.key);
      void queries.invalidateQueries({queryKey: ['api-keys', project.id]});
    },
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="column" onSubmit={send}>
      <div className="connect-key">
        <TextField
          label="Name of a new API key"
          placeholder="My laptop"
          required
          maxLength={100}
          value={name}
          onChange={setName}
        />
        <Button type="submit" icon={<KeyRound size={14} aria-hidden />} busy={create.isPending}>
          Create key
        </Button>
      </div>
      {create.error && <ErrorNote error={create.error} />}
    </form>
  );
}

export function Connect({model}: {model: string | null}) {
  const {can} = useSession();
  const [params, setParams] = useSearchParams();
  const [key, setKey] = useState<string | null>(null);
  const prompts = usePrompts();
  const language = (languages.find(({value}) => value === params.get('code'))?.value ?? 'python') as Language;
  const choose = (next: Language) =>
    setParams(
      (old) => {
        const changed = new URLSearchParams(old);
        changed.set('code', next);
        return changed;
      },
      {replace: true},
    );
  const {code, about} = snippet(language, {
    url: location.origin,
    key: key ?? placeholder,
    model: model ?? 'gpt-4o-mini',
    prompt: prompts.data?.prompts[0] ?? null,
  });
  return (
    <Card title="Call it from your code" className="connect">
      <div className="column">
        {key ? (
          <Note tone="good">
            <p>This key is filled in below. It is shown only now: copy it before you leave this page.</p>
            <Secret value={key} label="API key" />
          </Note>
        ) : can('admin') ? (
          <MakeKey onMade={setKey} />
        ) : (
          <p className="soft small">
            Put an API key of this project in place of <code>{placeholder}</code>. Ask an admin for one.
          </p>
        )}
        <Tabs<Language> label="Language" value={language} onChange={choose} tabs={languages}>
          <div className="column">
            <CodeBlock code={code} language={languages.find(({value}) => value === language)?.label} />
            <p className="soft small">{about}</p>
          </div>
        </Tabs>
        {can('admin') && (
          <p className="small">
            <Link href="/settings/keys">All API keys</Link>
          </p>
        )}
      </div>
    </Card>
  );
}
