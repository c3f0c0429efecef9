import {ChevronDown, Columns3, Copy, FileText, FolderOpen, Play, Plus, Square} from 'lucide-react';
import {useCallback, useEffect, useMemo, useRef, useState} from 'react';
import {useLocation} from 'wouter';
import {useSession} from '../../api/session';
import {isApple} from '../../shell/shell';
import {Button, Kbd, Menu, PageHeader, useFeedback} from '../../ui';
import {Column, type ColumnActions} from './column';
import {
  columnOfVersion,
  columnsMax,
  continued,
  copyOf,
  emptyColumn,
  isEdited,
  letters,
  variablesOfAll,
  type Column as ColumnState,
  type Playground,
} from './model';
import {PickVersion} from './pick';
import {useRuns, type Outcome} from './runs';
import {Save} from './save';
import {emptyPlayground} from './start';
import {keep, markShown} from './store';
import {Variables} from './variables';

const keepAfterMs = 300;

// Kept while it is worked on, and at once when the page is left.
function useKept(playground: Playground, outcomes: Record<string, Outcome>) {
  const {project} = useSession();
  const latest = useRef({playground, outcomes});
  latest.current = {playground, outcomes};
  const flush = useCallback(() => keep(project.id, latest.current.playground, latest.current.outcomes), [project.id]);
  useEffect(() => {
    const timer = setTimeout(flush, keepAfterMs);
    return () => clearTimeout(timer);
  }, [playground, outcomes, flush]);
  useEffect(() => {
    markShown(latest.current.playground.id);
    addEventListener('pagehide', flush);
    return () => {
      removeEventListener('pagehide', flush);
      flush();
    };
  }, [flush]);
}

// Which of the columns that answered cost least, and was fastest; nothing when fewer than two did.
export function lowest(columns: readonly ColumnState[], outcomes: Record<string, Outcome>) {
  const done = columns.flatMap(({id}) => {
    const result = outcomes[id]?.state === 'done' ? outcomes[id]?.result : null;
    return result
      ? [{id, cost: result.costStatus === 'unknown' ? Infinity : result.cost, latency: result.latencyMs}]
      : [];
  });
  const least = (key: 'cost' | 'latency') => {
    const value = Math.min(...done.map((each) => each[key]));
    const first = done.filter((each) => each[key] === value);
    return done.length > 1 && first.length === 1 && Number.isFinite(value) ? first[0]!.id : null;
  };
  return {cost: least('cost'), latency: least('latency')};
}

type Open = {kind: 'save'; id: string} | {kind: 'pick'; into: string | null; slug?: string} | null;

export function Bench({initial, outcomes: before}: {initial: Playground; outcomes: Record<string, Outcome>}) {
  const {can} = useSession();
  const {toast, confirm} = useFeedback();
  const [, navigate] = useLocation();
  const [playground, setPlayground] = useState<Playground>(() => ({
    id: initial.id,
    variables: initial.variables,
    columns: initial.columns,
  }));
  const [formatted, setFormatted] = useState(true);
  const [missing, setMissing] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<Open>(null);
  const [focus, setFocus] = useState<string | null>(null); // the message to write in next
  const {outcomes, run, stop, forget, replaceAll} = useRuns(before);
  const page = useRef<HTMLDivElement>(null);
  useKept(playground, outcomes);
  const canEdit = can('editor');
  const {columns, variables} = playground;
  const names = useMemo(() => variablesOfAll(columns), [columns]);
  const running = columns.some(({id}) => outcomes[id]?.state === 'running');
  const full = columns.length >= columnsMax;
  const best = lowest(columns, outcomes);

  const setColumns = (change: (columns: ColumnState[]) => ColumnState[]) =>
    setPlayground((old) => ({...old, columns: change(old.columns)}));
  const change = (id: string, part: Partial<ColumnState>) =>
    setColumns((all) => all.map((each) => (each.id === id ? {...each, ...part} : each)));
  const add = (column: ColumnState) => setColumns((all) => (all.length < columnsMax ? [...all, column] : all));

  const start = (which: readonly ColumnState[]) => {
    if (!canEdit) return;
    const needed = variablesOfAll(which).filter((name) => variables[name] === undefined);
    setMissing(new Set(needed));
    if (needed.length > 0) {
      page.current?.querySelector<HTMLElement>(`[data-variable="${CSS.escape(needed[0]!)}"]`)?.focus();
      return;
    }
    which.forEach((column) => void run(column, variables));
  };

  // From wherever the focus is, editors included: before they see the key.
  const keys = useRef({runAll: () => {}, save: () => {}});
  keys.current = {
    runAll: () => start(columns),
    save: () => {
      const id =
        document.activeElement?.closest<HTMLElement>('[data-column]')?.dataset['column'] ??
        (columns.find(isEdited) ?? columns[0])?.id;
      if (id && canEdit) setOpen({kind: 'save', id});
    },
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || document.querySelector('[role=dialog]')) return;
      const action =
        event.key === 'Enter' ? keys.current.runAll : event.key.toLowerCase() === 's' ? keys.current.save : null;
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      action();
    };
    addEventListener('keydown', press, true);
    return () => removeEventListener('keydown', press, true);
  }, []);

  const actionsOf = (column: ColumnState): ColumnActions => ({
    change: (part) => change(column.id, part),
    run: () => start([column]),
    stop: () => stop(column.id),
    save: () => setOpen({kind: 'save', id: column.id}),
    copy: () => add(copyOf(column)),
    choose: () => setOpen({kind: 'pick', into: column.id}),
    reset: () => {
      const [provider, model, messages, settings] = JSON.parse(column.saved!);
      change(column.id, {
        provider,
        model,
        settings,
        messages: messages.map((message: object, i: number) => ({...message, id: `msg_${i + 1}`})),
      });
    },
    remove: () => {
      forget(column.id);
      setColumns((all) => all.filter((each) => each.id !== column.id));
    },
    continueIt: () => {
      const result = outcomes[column.id]?.result;
      if (!result) return;
      const messages = continued(column, result);
      const next = messages.find((message, i) => i > column.messages.length && message.content === '');
      setFocus(next?.id ?? null);
      change(column.id, {messages, open: true});
      forget(column.id);
    },
  });

  const startOver = async () => {
    const yes = await confirm({
      title: 'Start over?',
      confirm: 'Start over',
      danger: true,
      text: 'The columns and the values of the variables are cleared. Saved prompts and spans stay.',
    });
    if (!yes) return;
    replaceAll({});
    setMissing(new Set());
    setPlayground((old) => ({...emptyPlayground(), id: old.id}));
  };

  const saving = open?.kind === 'save' ? columns.find((column) => column.id === open.id) : undefined;
  const lastSlug = columns.flatMap(({source}) => (source?.kind === 'version' ? [source.slug] : [])).at(-1);
  return (
    <div className="page playground" ref={page}>
      <PageHeader
        title="Playground"
        actions={
          <>
            <Menu
              trigger={
                <Button
                  icon={<Plus size={14} aria-hidden />}
                  disabled={full}
                  title={full ? 'Four columns are the most' : undefined}>
                  Add column
                </Button>
              }
              items={[
                {
                  label: 'Copy the last column',
                  hint: 'to try another model',
                  icon: <Copy size={14} aria-hidden />,
                  onSelect: () => add(copyOf(columns.at(-1)!)),
                },
                {
                  label: lastSlug ? 'Another version or prompt…' : 'A saved prompt…',
                  icon: <FolderOpen size={14} aria-hidden />,
                  onSelect: () => setOpen({kind: 'pick', into: null, ...(lastSlug ? {slug: lastSlug} : {})}),
                },
                {
                  label: 'An empty column',
                  icon: <FileText size={14} aria-hidden />,
                  onSelect: () => add(emptyColumn()),
                },
              ]}
            />
            <Menu
              trigger={
                <Button icon={<Columns3 size={14} aria-hidden />}>
                  View
                  <ChevronDown size={12} aria-hidden />
                </Button>
              }
              items={[
                {label: 'Formatted answers', checked: formatted, onSelect: () => setFormatted(true)},
                {label: 'Plain text', checked: !formatted, onSelect: () => setFormatted(false)},
                'separator',
                {label: 'Start over…', danger: true, onSelect: () => void startOver()},
              ]}
            />
            {running ? (
              <Button icon={<Square size={12} aria-hidden />} onClick={() => columns.forEach(({id}) => stop(id))}>
                Stop all
              </Button>
            ) : (
              <Button
                variant="primary"
                icon={<Play size={14} aria-hidden />}
                disabled={!canEdit}
                onClick={() => start(columns)}
                title={canEdit ? undefined : 'Viewers cannot run prompts; ask an admin for the editor role'}>
                <span className="row">
                  {columns.length > 1 ? 'Run all' : 'Run'}
                  <Kbd>{isApple ? '⌘↵' : 'Ctrl ↵'}</Kbd>
                </span>
              </Button>
            )}
          </>
        }>
        Compare versions and models on the same inputs. Every run is recorded as a span.
      </PageHeader>
      <Variables
        names={names}
        values={variables}
        missing={missing}
        onChange={(name, value) => setPlayground((old) => ({...old, variables: {...old.variables, [name]: value}}))}
      />
      <div className={`playground-columns count-${columns.length}`}>
        {columns.map((column, i) => (
          <Column
            key={column.id}
            column={column}
            letter={letters[i]!}
            variables={names}
            focus={focus}
            outcome={outcomes[column.id]}
            formatted={formatted}
            canEdit={canEdit}
            single={columns.length === 1}
            full={full}
            actions={actionsOf(column)}
            best={{cost: best.cost === column.id, latency: best.latency === column.id}}
          />
        ))}
      </div>
      {saving && (
        <Save
          column={saving}
          onClose={() => setOpen(null)}
          onSaved={({prompt, unchanged}) => {
            const {id: _, ...saved} = columnOfVersion(prompt, {
              ...prompt,
              version: prompt.currentVersion,
              messages: prompt.content,
              labels: [],
              note: null,
              author: null,
            });
            change(saving.id, {...saved, open: saving.open});
            toast(
              unchanged
                ? `Nothing changed: this is version ${prompt.currentVersion} already.`
                : `Saved as version ${prompt.currentVersion} of ${prompt.name}.`,
              {label: 'Open prompt', onPress: () => navigate(`/prompts/${prompt.slug}`)},
            );
          }}
        />
      )}
      {open?.kind === 'pick' && (
        <PickVersion
          slug={open.slug}
          onClose={() => setOpen(null)}
          onPick={(picked) => {
            if (open.into === null) return add(picked);
            forget(open.into);
            setColumns((all) => all.map((each) => (each.id === open.into ? picked : each)));
          }}
        />
      )}
    </div>
  );
}
