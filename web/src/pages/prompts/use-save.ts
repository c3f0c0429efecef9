// Saving a draft as a new version, and what happens when someone else was first.
import {useState} from 'react';
import {api, ApiError, call} from '../../api/client';
import {useSession} from '../../api/session';
import {useFeedback} from '../../ui';
import {useQueryClient} from '@tanstack/react-query';
import {promptKey, useAdoptPrompt, type Prompt} from './data';
import {contentOf, problemsOf, type Draft, type Version} from './draft';
import type {Editing} from './use-draft';

export function useSave(prompt: Prompt, editing: Editing) {
  const {project, can} = useSession();
  const {toast} = useFeedback();
  const adopt = useAdoptPrompt();
  const queries = useQueryClient();
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [conflict, setConflict] = useState<Version | null>(null);
  const valid = Object.keys(problemsOf(editing.draft)).length === 0;
  const possible = can('editor') && editing.dirty && valid && !busy;

  const save = async (draft: Draft = editing.draft, base: Version = editing.base) => {
    setBusy(true);
    setError(null);
    try {
      const saved = await call(api.PUT('/api/v1/prompts/{slug}', {
        params: {path: {slug: prompt.slug}},
        body: {...contentOf(draft), note: note.trim() || null, baseVersion: base.version},
      }));
      adopt(saved);
      editing.saved(saved.versions[0]!, draft);
      setNote('');
      setConflict(null);
      toast(saved.currentVersion === base.version ? 'Nothing had changed: no new version.'
        : `Saved as version ${saved.currentVersion}.`);
    } catch (problem) {
      const current = problem instanceof ApiError && problem.status === 409 ? problem.body['current'] : undefined;
      if (current) {
        setConflict(current as Version);
        void queries.invalidateQueries({queryKey: promptKey(project.id, prompt.slug)});
      } else {
        setError(problem);
      }
    } finally {
      setBusy(false);
    }
  };
  return {save, possible, valid, busy, error, note, setNote, conflict, setConflict};
}
export type Saving = ReturnType<typeof useSave>;
