// Chooses a version of a prompt, for a column.
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Dialog, EmptyState, ErrorNote, formatDay, SelectField, Skeleton} from '../../ui';
import {columnOfVersion, type Column} from './model';

export function usePrompts(enabled = true) {
  const {project} = useSession();
  return useQuery({
    queryKey: ['prompts', project.id, 'all'],
    enabled,
    queryFn: () => call(api.GET('/api/v1/prompts')),
  });
}

export function usePrompt(slug: string) {
  const {project} = useSession();
  return useQuery({
    queryKey: ['prompts', project.id, 'one', slug],
    enabled: slug !== '',
    queryFn: () => call(api.GET('/api/v1/prompts/{slug}', {params: {path: {slug}}})),
  });
}

export function PickVersion({
  slug: wanted,
  onPick,
  onClose,
}: {
  slug?: string;
  onPick: (column: Column) => void;
  onClose: () => void;
}) {
  const [chosen, setChosen] = useState(wanted ?? '');
  const [version, setVersion] = useState('');
  const prompts = usePrompts();
  const slug = chosen || prompts.data?.prompts[0]?.slug || '';
  const prompt = usePrompt(slug);
  const versions = prompt.data?.versions ?? [];
  const found = versions.find((each) => String(each.version) === version) ?? versions[0];
  const use = () => {
    if (!prompt.data || !found) return;
    onPick(columnOfVersion(prompt.data, found));
    onClose();
  };
  const empty = prompts.data?.prompts.length === 0;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Open a saved prompt"
      actions={
        !empty && (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button variant="primary" disabled={!found || prompt.isPlaceholderData} onClick={use}>
              Open
            </Button>
          </>
        )
      }>
      {prompts.error && <ErrorNote error={prompts.error} onRetry={() => void prompts.refetch()} />}
      {prompts.isLoading && <Skeleton height={140} />}
      {empty && (
        <EmptyState title="No prompt is saved yet">
          Write one here, run it, and save it with the column’s menu.
        </EmptyState>
      )}
      {prompts.data && !empty && (
        <>
          <SelectField
            label="Prompt"
            value={slug}
            autoFocus
            onChange={(next) => {
              setChosen(next);
              setVersion('');
            }}
            options={prompts.data.prompts.map((each) => ({value: each.slug, label: each.name}))}
          />
          <SelectField
            label="Version"
            value={String(found?.version ?? '')}
            disabled={versions.length === 0}
            onChange={setVersion}
            options={versions.map((each) => ({
              value: String(each.version),
              label: [`v${each.version}`, each.labels.join(', '), each.model, each.note, formatDay(each.createdAt)]
                .filter(Boolean)
                .join(' · '),
            }))}
          />
          {prompt.error && <ErrorNote error={prompt.error} onRetry={() => void prompt.refetch()} />}
        </>
      )}
    </Dialog>
  );
}
