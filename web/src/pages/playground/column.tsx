// One column: what is sent (folded when it is a saved version), what was answered, and what that took.
import {Copy, FolderOpen, Play, RotateCcw, Save as SaveIcon, Trash2} from 'lucide-react';
import {Link} from 'wouter';
import {ModelPicker} from '../../editor/ModelPicker';
import {Badge, Button, Disclosure, IconButton, type MenuItem, MoreMenu, Note, plural} from '../../ui';
import {Answer, Figures} from './answer';
import {Messages} from './messages';
import {isEdited, type Column as ColumnState} from './model';
import type {Outcome} from './runs';
import {SettingsForm, summaryOf} from './settings';

export interface ColumnActions {
  change: (change: Partial<ColumnState>) => void;
  run: () => void;
  stop: () => void;
  save: () => void;
  copy: () => void;
  choose: () => void;
  reset: () => void;
  remove: () => void;
  continueIt: () => void;
}

function Title({column}: {column: ColumnState}) {
  const {source} = column;
  if (!source) return <span className="truncate soft">Not saved</span>;
  if (source.kind === 'span') {
    return (
      <Link href={`/spans/${source.spanId}`} className="truncate" title={source.spanId}>
        Span {source.spanId}
      </Link>
    );
  }
  return (
    <>
      <Link href={`/prompts/${source.slug}`} className="truncate" title={source.name}>
        {source.name}
      </Link>
      <Badge title={`Version ${source.version}`}>v{source.version}</Badge>
    </>
  );
}

function Head({
  column,
  letter,
  canEdit,
  single,
  full,
  running,
  actions,
}: {
  column: ColumnState;
  letter: string;
  canEdit: boolean;
  single: boolean;
  full: boolean;
  running: boolean;
  actions: ColumnActions;
}) {
  const items: (MenuItem | 'separator')[] = [
    {label: 'Open a saved prompt here…', icon: <FolderOpen size={14} aria-hidden />, onSelect: actions.choose},
    {label: 'Copy to a new column', icon: <Copy size={14} aria-hidden />, disabled: full, onSelect: actions.copy},
    ...(isEdited(column)
      ? [{label: 'Undo all changes', icon: <RotateCcw size={14} aria-hidden />, onSelect: actions.reset}]
      : []),
    ...(canEdit ? [{label: 'Save as…', icon: <SaveIcon size={14} aria-hidden />, onSelect: actions.save}] : []),
    'separator',
    {
      label: 'Remove column',
      icon: <Trash2 size={14} aria-hidden />,
      danger: true,
      disabled: single,
      onSelect: actions.remove,
    },
  ];
  return (
    <header className="playground-head">
      <span className={`playground-letter letter-${letter}`} aria-hidden>
        {letter}
      </span>
      <h2 className="row grow">
        <span className="visually-hidden">Column {letter}: </span>
        <Title column={column} />
      </h2>
      {isEdited(column) && <Badge tone="warn">edited</Badge>}
      {canEdit && (
        <IconButton size="small" label={`Run column ${letter}`} disabled={running} onClick={actions.run}>
          <Play size={14} aria-hidden />
        </IconButton>
      )}
      <MoreMenu size="small" label={`More for column ${letter}`} items={items} />
    </header>
  );
}

export function Column({
  column,
  letter,
  variables,
  focus,
  outcome,
  formatted,
  canEdit,
  single,
  full,
  best,
  actions,
}: {
  column: ColumnState;
  letter: string;
  variables: string[];
  focus: string | null;
  outcome: Outcome | undefined;
  formatted: boolean;
  canEdit: boolean;
  single: boolean;
  full: boolean;
  best: {cost: boolean; latency: boolean};
  actions: ColumnActions;
}) {
  const summary = [plural(column.messages.length, 'message'), summaryOf(column.settings)].filter(Boolean).join(' · ');
  return (
    <section className="playground-column" aria-label={`Column ${letter}`} data-column={column.id}>
      <Head {...{column, letter, canEdit, single, full, actions}} running={outcome?.state === 'running'} />
      <div className="playground-model">
        <ModelPicker value={{provider: column.provider, model: column.model}} onChange={actions.change} />
      </div>
      <div className="playground-setup">
        <Disclosure
          open={column.open}
          onOpenChange={(open) => actions.change({open})}
          title={column.open ? 'Messages' : <span className="soft">{summary}</span>}
          aside={
            canEdit &&
            isEdited(column) && (
              <Button size="small" icon={<SaveIcon size={13} aria-hidden />} onClick={actions.save}>
                Save…
              </Button>
            )
          }>
          <div className="column">
            {column.source?.kind === 'span' && column.source.omitted && (
              <Note tone="warn">The span left out a file because of its size, so it is not sent again.</Note>
            )}
            <Messages
              messages={column.messages}
              letter={letter}
              variables={variables}
              focus={focus}
              onChange={(messages) => actions.change({messages})}
            />
            <Disclosure
              className="playground-settings"
              title={
                <>
                  Settings <span className="faint">{summaryOf(column.settings)}</span>
                </>
              }>
              <SettingsForm
                settings={column.settings}
                letter={letter}
                onChange={(settings) => actions.change({settings})}
              />
            </Disclosure>
          </div>
        </Disclosure>
      </div>
      <div className="playground-answer">
        <Answer
          outcome={outcome}
          formatted={formatted}
          letter={letter}
          onStop={actions.stop}
          onRetry={actions.run}
          onContinue={actions.continueIt}
        />
      </div>
      <footer className="playground-foot">
        <Figures outcome={outcome} best={best} />
      </footer>
    </section>
  );
}
