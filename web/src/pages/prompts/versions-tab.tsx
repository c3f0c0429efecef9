// The history of a prompt, and any two of its versions side by side.
import {Play, RotateCcw} from 'lucide-react';
import {useMemo, useState, type DragEvent} from 'react';
import {Link, useSearchParams} from 'wouter';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Ago, Badge, Button, Dialog, ErrorNote, SelectField, Skeleton, TextField, formatCompact, formatLatency,
  formatMoney, formatPercent,
  plural, useFeedback} from '../../ui';
import {errorRate, quality, useAdoptPrompt, useVersionFigures, useVersions, type Measures, type Prompt} from './data';
import {draftOf, type Version} from './draft';
import {LabelMenu, labelType, useLabels} from './labels';
import {compare} from './parts';
import {SideBySide} from './side-by-side';
import './versions.css';

function figuresLine(figures: Measures | undefined): string {
  if (!figures?.requests) return 'no runs in 30 days';
  const evaluated = quality(figures);
  return [
    `${formatCompact(figures.requests)} ${figures.requests === 1 ? 'run' : 'runs'}`, formatMoney(figures.cost),
    `p50 ${formatLatency(figures.latencyMs?.p50)}`, `p95 ${formatLatency(figures.latencyMs?.p95)}`,
    figures.errors ? `${formatPercent(errorRate(figures)!)} errors` : 'no errors',
    evaluated ? `quality ${evaluated.mean.toLocaleString(undefined, {maximumFractionDigits: 2})}` : '',
  ].filter(Boolean).join(' · ');
}

function VersionCard({prompt, version, figures, chosen, onChoose}: {
  prompt: Prompt;
  version: Version;
  figures: Measures | undefined;
  chosen: boolean;
  onChoose: () => void;
}) {
  const {can} = useSession();
  const {toastError} = useFeedback();
  const {move} = useLabels(prompt);
  const [over, setOver] = useState(false);
  const labels = Object.keys(prompt.labels).filter((label) => prompt.labels[label] === version.version);
  const dragged = (event: DragEvent) => event.dataTransfer.types.includes(labelType);
  return (
    <li className={`version ${chosen ? 'chosen' : ''} ${over ? 'drop' : ''}`}
      onDragOver={(event) => { if (dragged(event)) { event.preventDefault(); setOver(true); } }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const label = event.dataTransfer.getData(labelType);
        if (!label) return;
        event.preventDefault();
        move(label, version.version).catch(toastError);
      }}>
      <div className="row">
        <button type="button" className="version-button" aria-current={chosen || undefined}
          onClick={onChoose}>Version {version.version}</button>
        {version.version === prompt.currentVersion && <Badge>newest</Badge>}
        <span className="grow" />
        <LabelMenu prompt={prompt} version={version.version} />
      </div>
      {labels.length > 0 && (
        <div className="row wrapping label-row">
          {labels.map((label) => (
            <span key={label} className={can('editor') ? 'label-drag' : ''} draggable={can('editor')}
              onDragStart={(event) => { event.dataTransfer.setData(labelType,
                label); event.dataTransfer.effectAllowed = 'move'; }}>
              <Badge tone={label === prompt.defaultLabel ? 'accent' : 'neutral'}
                title={can('editor') ? 'Drag it onto another version' : undefined}>{label}</Badge>
            </span>
          ))}
        </div>
      )}
      {version.note && <p className="version-note wrap">{version.note}</p>}
      <p className="small soft truncate"><Ago time={version.createdAt} />{version.author && ` · ${version.author}`}</p>
      <p className="small soft wrap">{figuresLine(figures)}</p>
    </li>
  );
}

function Restore({prompt, version, onClose}: {prompt: Prompt; version: Version; onClose: () => void}) {
  const {toast} = useFeedback();
  const adopt = useAdoptPrompt();
  const [note, setNote] = useState(`Back to version ${version.version}`);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const restore = async () => {
    setBusy(true);
    setError(null);
    try {
      const saved = await call(api.POST('/api/v1/prompts/{slug}/versions/{version}/restore', {
        params: {path: {slug: prompt.slug, version: version.version}},
          body: {note: note.trim() || null, baseVersion: prompt.currentVersion},
      }));
      adopt(saved);
      toast(saved.currentVersion === prompt.currentVersion ? 'The newest version holds this already.'
        : `Version ${saved.currentVersion} holds what version ${version.version} held.`);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Restore version ${version.version}?`}
      description={`Its content becomes version ${prompt.currentVersion + 1}, the newest. Nothing in the history changes; labels stay where they are.`}
      actions={<><Button onClick={onClose}>Cancel</Button><Button variant="primary" busy={busy}
        onClick={restore}>Restore</Button></>}>
      <TextField label="Note" value={note} onChange={setNote} maxLength={2000} autoFocus
        onKeyDown={(event) => event.key === 'Enter' && void restore()} />
      {error !== null && <ErrorNote error={error} />}
    </Dialog>
  );
}

function Compared({prompt, from, to, versions, figures, onFrom, onTo}: {
  prompt: Prompt;
  from: Version | undefined;
  to: Version;
  versions: Version[];
  figures: ReadonlyMap<number, Measures> | undefined;
  onFrom: (version: number) => void;
  onTo: (version: number) => void;
}) {
  const {can} = useSession();
  const [restoring, setRestoring] = useState(false);
  const left = from ?? to;
  const pairs = useMemo(() => compare(draftOf(left), draftOf(to)), [left, to]);
  const options = versions.map((version) => ({value: String(version.version), label: `Version ${version.version}`}));
  return (
    <section className="card compared" aria-label="Comparison">
      <header className="card-head compare-head">
        <SelectField label="Compare" hideLabel value={String(left.version)} options={options}
          onChange={(value) => onFrom(Number(value))} />
        <span className="soft">with</span>
        <SelectField label="With" hideLabel value={String(to.version)} options={options}
          onChange={(value) => onTo(Number(value))} />
        <span className="grow" />
        <Link className="button ghost small" href={`/playground?prompt=${prompt.slug}&version=${to.version}`}><Play
          size={13} aria-hidden />Playground</Link>
        {can('editor') && to.version !== prompt.currentVersion && (
          <Button size="small" icon={<RotateCcw size={13} aria-hidden />}
            onClick={() => setRestoring(true)}>Restore version {to.version}</Button>
        )}
      </header>
      <div className="card-body column">
        <table className="compare-figures">
          <thead><tr><th scope="col">30 days</th><th scope="col">Runs</th><th scope="col">Errors</th><th
            scope="col">Cost a run</th>
            <th scope="col">p50</th><th scope="col">p95</th><th scope="col">Quality</th></tr></thead>
          <tbody>
            {[left, ...(left === to ? [] : [to])].map(({version}) => {
              const row = figures?.get(version);
              const rate = errorRate(row);
              return (
                <tr key={version}>
                  <th scope="row">Version {version}</th><td>{formatCompact(row?.requests)}</td>
                  <td>{rate === null ? '–' : formatPercent(rate)}</td>
                  <td>{row?.requests && row.cost !== null && row.cost !== undefined
                    ? formatMoney(row.cost / row.requests) : '–'}</td>
                  <td>{formatLatency(row?.latencyMs?.p50)}</td><td>{formatLatency(row?.latencyMs?.p95)}</td>
                  <td>{quality(row)?.mean.toLocaleString(undefined, {maximumFractionDigits: 2}) ?? '–'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {left === to ? <p className="soft">Choose another version to see what changed.</p> : null}
        <SideBySide key={`${left.version}-${to.version}`} pairs={pairs} left={`Version ${left.version}`}
          right={`Version ${to.version}`} />
      </div>
      {restoring && <Restore prompt={prompt} version={to} onClose={() => setRestoring(false)} />}
    </section>
  );
}

export default function VersionsTab({prompt}: {prompt: Prompt}) {
  const list = useVersions(prompt.slug);
  const figures = useVersionFigures(prompt.slug, '30d');
  const [params, setParams] = useSearchParams();
  const versions = useMemo(() => list.data?.pages.flatMap((page) => page.versions) ?? prompt.versions,
    [list.data, prompt.versions]);
  const number = (name: string) => Number(params.get(name)) || null;
  const find = (wanted: number | null) => versions.find((version) => version.version === wanted);
  const to = find(number('to')) ?? versions[0]!;
  const from = find(number('from')) ?? find(to.version - 1) ?? (to.version === 1 ? undefined
    : versions.find((version) => version.version < to.version));
  const choose = (next: {from?: number | null; to?: number}) => setParams((before) => {
    for (const [name, value] of Object.entries(next)) {
      if (value === null) before.delete(name);
      else before.set(name, String(value));
    }
    return before;
  }, {replace: true});
  return (
    <div className="versions">
      <div className="column">
        <p className="small soft">{plural(prompt.currentVersion, 'version')},
          newest first. Drag a label onto the version it should point at.</p>
        {list.error && <ErrorNote error={list.error} onRetry={() => void list.refetch()} />}
        <ol className="version-list" aria-label="Versions">
          {versions.map((version) => (
            <VersionCard key={version.version} prompt={prompt} version={version}
              figures={figures.data?.versions.get(version.version)}
              chosen={version.version === to.version} onChoose={() => choose({to: version.version, from: null})} />
          ))}
        </ol>
        {list.hasNextPage && <Button busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}>Older versions</Button>}
      </div>
      {list.isPending && versions.length === 0 ? <Skeleton height={420} /> : (
        <Compared prompt={prompt} from={from} to={to} versions={versions} figures={figures.data?.versions}
          onFrom={(version) => choose({from: version})} onTo={(version) => choose({to: version})} />
      )}
    </div>
  );
}
