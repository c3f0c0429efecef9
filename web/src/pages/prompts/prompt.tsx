// The page of one prompt.
import {Ellipsis, Pencil, Tag, Trash2} from 'lucide-react';
import {lazy, Suspense, useState} from 'react';
import {Link, Redirect, useLocation} from 'wouter';
import {api, ApiError, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Badge, Button, CopyButton, EmptyState, ErrorNote, IconButton, Menu, PageHeader, Skeleton, Tabs,
  useFeedback} from '../../ui';
import {useLeaveGuard} from '../../shell/leave';
import {useAdoptPrompt, usePrompt, type Prompt as PromptData} from './data';
import {DeletePrompt, RenamePrompt} from './prompt-dialogs';
import {EditTab} from './edit-tab';
import {useDraft} from './use-draft';
import {useRun} from './use-run';
import {useSave} from './use-save';
import './prompt.css';

// What most visits do not open.
const VersionsTab = lazy(() => import('./versions-tab'));
const MetricsTab = lazy(() => import('./metrics-tab'));
const ExperimentsTab = lazy(() => import('./experiments-tab'));
const UseTab = lazy(() => import('./use-tab'));

const tabs = [
  {value: 'edit', label: 'Edit'},
  {value: 'versions', label: 'Versions'},
  {value: 'metrics', label: 'Metrics'},
  {value: 'experiments', label: 'Experiments'},
  {value: 'use', label: 'Use it'},
] as const;
type Tab = (typeof tabs)[number]['value'];

function Actions({prompt, onRename, onDelete}: {prompt: PromptData; onRename: () => void; onDelete: () => void}) {
  const {can} = useSession();
  const {toast, toastError} = useFeedback();
  const adopt = useAdoptPrompt();
  const setDefault = async (defaultLabel: string | null) => {
    try {
      adopt(await call(api.PUT('/api/v1/prompts/{slug}', {params: {path: {slug: prompt.slug}}, body: {defaultLabel}})));
      toast(defaultLabel ? `What “${defaultLabel}” points at runs by default now.`
        : 'The newest version runs by default now.');
    } catch (error) {
      toastError(error);
    }
  };
  if (!can('editor')) return null;
  const labels = Object.keys(prompt.labels);
  return (
    <>
      <Menu label="Runs when nothing else is asked for"
        trigger={<Button icon={<Tag size={14} aria-hidden />}>{prompt.defaultLabel ? `Runs ${prompt.defaultLabel}`
          : 'Runs the newest'}</Button>}
        items={[
          {label: 'The newest version', checked: prompt.defaultLabel === null, onSelect: () => void setDefault(null)},
          ...labels.map((label) => ({
            label: <>What <b>{label}</b> points at</>, hint: `v${prompt.labels[label]}`,
              checked: prompt.defaultLabel === label,
            onSelect: () => void setDefault(label),
          })),
          ...(labels.length === 0 ? [{label: 'Give a version a label first', disabled: true, onSelect: () => {}}] : []),
        ]} />
      <Menu trigger={<IconButton label="More actions" variant="default"><Ellipsis size={16} aria-hidden /></IconButton>}
        items={[
          {label: 'Rename and describe…', icon: <Pencil size={14} aria-hidden />, onSelect: onRename},
          'separator',
          {label: 'Delete prompt…', icon: <Trash2 size={14} aria-hidden />, danger: true, onSelect: onDelete},
        ]} />
    </>
  );
}

function Page({prompt, tab}: {prompt: PromptData; tab: Tab}) {
  const {project} = useSession();
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<'rename' | 'delete' | null>(null);
  const [goneTo, setGoneTo] = useState<string | null>(null);
  const editing = useDraft(prompt);
  const saving = useSave(prompt, editing);
  const run = useRun();
  const own = `/p/${project.id}/prompts/${prompt.slug}`;
  useLeaveGuard(editing.dirty && goneTo === null, (path) => path === own || path.startsWith(`${own}/`),
    'They are kept in this browser, and offered when you come back.');
  // Follows a deletion or a change of address once the guard is off.
  if (goneTo !== null) return <Redirect to={goneTo} replace />;
  return (
    <>
      <PageHeader name={prompt.name}
        title={<span className="row">{prompt.name}{editing.dirty && <span className="dot warn"
          title="Unsaved changes" />}</span>}
        back={<Link href="/prompts">← Prompts</Link>}
        actions={<Actions prompt={prompt} onRename={() => setDialog('rename')} onDelete={() => setDialog('delete')} />}>
        <div className="row wrapping prompt-lead">
          <span className="row slug"><code>{prompt.slug}</code><CopyButton text={prompt.slug}
            label="Copy the slug" /></span>
          {Object.entries(prompt.labels).map(([label, version]) => (
            <Badge key={label} tone={label === prompt.defaultLabel ? 'accent' : 'neutral'}>{label} · v{version}</Badge>
          ))}
          {prompt.description && <span className="wrap">{prompt.description}</span>}
        </div>
      </PageHeader>
      <Tabs<Tab> label="Parts of this prompt" value={tab} tabs={tabs}
        onChange={(next) => navigate(`/prompts/${prompt.slug}${next === 'edit' ? '' : `/${next}`}`)}>
        <Suspense fallback={<Skeleton height={420} />}>
          {tab === 'edit' && <EditTab prompt={prompt} editing={editing} saving={saving} run={run} />}
          {tab === 'versions' && <VersionsTab prompt={prompt} />}
          {tab === 'metrics' && <MetricsTab prompt={prompt} />}
          {tab === 'experiments' && <ExperimentsTab prompt={prompt} />}
          {tab === 'use' && <UseTab prompt={prompt} />}
        </Suspense>
      </Tabs>
      {dialog === 'rename' && <RenamePrompt prompt={prompt} onClose={() => setDialog(null)}
        onMoved={(slug) => setGoneTo(`/prompts/${slug}`)} />}
      {dialog === 'delete' && <DeletePrompt prompt={prompt} onClose={() => setDialog(null)}
        onDeleted={() => setGoneTo('/prompts')} />}
    </>
  );
}

export default function Prompt({slug, tab}: {slug: string; tab?: string}) {
  const prompt = usePrompt(slug);
  const known = tabs.find((each) => each.value === (tab ?? 'edit'))?.value;
  if (!known) return <Redirect to={`/prompts/${slug}`} replace />;
  if (prompt.data) return <div className="page prompt-page"><Page prompt={prompt.data} tab={known} /></div>;
  if (prompt.error instanceof ApiError && prompt.error.status === 404) {
    return (
      <EmptyState title="There is no such prompt" actions={<Link href="/prompts" className="button">All prompts</Link>}>
        It may have been renamed or deleted.
      </EmptyState>
    );
  }
  return (
    <div className="page">
      <PageHeader title="Prompt" back={<Link href="/prompts">← Prompts</Link>} />
      {prompt.error ? <ErrorNote error={prompt.error} onRetry={() => void prompt.refetch()} /> : <Skeleton
        height={560} />}
    </div>
  );
}
