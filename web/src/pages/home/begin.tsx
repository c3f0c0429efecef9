// For a project without runs: four steps to the first one. What is done is read from the project itself.
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Check, ScrollText, Play, Plug, X} from 'lucide-react';
import {useState, type ReactNode} from 'react';
import {Link, useLocation} from 'wouter';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Card, ErrorNote, IconButton} from '../../ui';
import {examples, type Example} from './examples';

export interface Progress {
  providers: string[]; // whose models can be called now
  model: string | null;
  prompt: {slug: string; name: string} | null;
  spanId: string | null;
  seen: boolean; // whether a span was opened from here
}

function Step({
  number,
  title,
  done,
  current,
  children,
}: {
  number: number;
  title: string;
  done: boolean;
  current: boolean;
  children?: ReactNode;
}) {
  return (
    <li
      className={`begin-step ${done ? 'done' : ''} ${current ? 'current' : ''}`}
      aria-current={current ? 'step' : undefined}>
      <span className="begin-mark" aria-hidden>
        {done ? <Check size={14} /> : number}
      </span>
      <div className="grow column tight">
        <h3>
          {title}
          <span className="visually-hidden">{done ? ' (done)' : ' (to do)'}</span>
        </h3>
        {children}
      </div>
    </li>
  );
}

function ExampleChoice({model}: {model: string | null}) {
  const {project} = useSession();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<Example | null>(null);
  const create = useMutation({
    mutationFn: ({name, about, content}: Example) =>
      call(api.POST('/api/v1/prompts', {body: {name, description: about, content, model}})),
    onSuccess: () => queries.invalidateQueries({queryKey: ['prompts', project.id]}),
  });
  return (
    <>
      <div className="begin-examples">
        {examples.map((example) => (
          <button
            key={example.name}
            type="button"
            className="begin-example"
            disabled={create.isPending}
            onClick={() => {
              setChosen(example);
              create.mutate(example);
            }}>
            <b>{example.name}</b>
            <span className="soft small">{example.about}</span>
            {create.isPending && chosen === example && <span className="faint small">Creating…</span>}
          </button>
        ))}
      </div>
      {create.error && <ErrorNote error={create.error} />}
      <p className="small">
        <Link href="/prompts?new">Or write one of your own</Link>
      </p>
    </>
  );
}

const providerNames: Record<string, string> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  google: 'Google',
  amazon_bedrock: 'Amazon Bedrock',
  voyage: 'Voyage',
};

export function Begin({progress, onSeen, onHide}: {progress: Progress; onSeen: () => void; onHide?: () => void}) {
  const {can} = useSession();
  const [, navigate] = useLocation();
  const {providers, model, prompt, spanId, seen} = progress;
  const done = [providers.length > 0, prompt !== null, spanId !== null, seen && spanId !== null];
  const current = done.indexOf(false);
  const play = () => {
    const values = examples.find((example) => example.name === prompt?.name)?.variables;
    const query = new URLSearchParams({prompt: prompt!.slug, ...(values ? {variables: JSON.stringify(values)} : {})});
    navigate(`/playground?${query}`);
  };
  return (
    <Card
      title="Getting started"
      className="begin"
      actions={
        <>
          <span className="soft small number">{done.filter(Boolean).length} of 4 done</span>
          {onHide && (
            <IconButton size="small" label="Hide getting started" onClick={onHide}>
              <X size={14} aria-hidden />
            </IconButton>
          )}
        </>
      }>
      <ol className="begin-steps">
        <Step number={1} title="Connect a model provider" done={done[0]!} current={current === 0}>
          {done[0] ? (
            <p className="soft">
              This project can call {providers.map((name) => providerNames[name] ?? name).join(', ')}.
            </p>
          ) : (
            <>
              <p className="soft">
                Give this project a key of OpenAI, Anthropic, Google, Amazon Bedrock, or the address of any endpoint
                that speaks OpenAI’s protocol.
              </p>
              {can('admin') ? (
                <div>
                  <Button
                    variant={current === 0 ? 'primary' : 'default'}
                    icon={<Plug size={14} aria-hidden />}
                    onClick={() => navigate('/settings/providers?new')}>
                    Add connection
                  </Button>
                </div>
              ) : (
                <p className="soft small">An admin has to do this.</p>
              )}
              <p className="faint small">
                Only want to look around? Start <code>tracia simulate</code> and add its address as a connection: it
                plays the providers, without a key and without cost.
              </p>
            </>
          )}
        </Step>
        <Step number={2} title="Create a prompt" done={done[1]!} current={current === 1}>
          {prompt ? (
            <p className="soft">
              <Link href={`/prompts/${prompt.slug}`}>{prompt.name}</Link> is ready.
            </p>
          ) : can('editor') ? (
            <ExampleChoice model={model} />
          ) : (
            <p className="soft small">An editor has to do this.</p>
          )}
        </Step>
        <Step number={3} title="Run it" done={done[2]!} current={current === 2}>
          {!done[2] && <p className="soft">Fill in its variables, press run, and read the answer as it is written.</p>}
          {prompt && can('editor') && !done[2] && (
            <div>
              <Button
                variant={current === 2 ? 'primary' : 'default'}
                icon={<Play size={14} aria-hidden />}
                onClick={play}>
                Open in the playground
              </Button>
            </div>
          )}
        </Step>
        <Step number={4} title="See the span" done={done[3]!} current={current === 3}>
          {!done[3] && (
            <p className="soft">
              Every run leaves a span: what was asked and answered, how long it took, what it cost.
            </p>
          )}
          {spanId && !done[3] && (
            <div>
              <Button
                variant={current === 3 ? 'primary' : 'default'}
                icon={<ScrollText size={14} aria-hidden />}
                onClick={() => {
                  onSeen();
                  navigate(`/spans/${spanId}`);
                }}>
                Open the last span
              </Button>
            </div>
          )}
        </Step>
      </ol>
    </Card>
  );
}
